//! Spilled bytes come back as they were, or not at all.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::{TempDir, tempdir};

use super::segment::Writer;
use super::{Compression, SpillFolder, SpillStore};

fn folder() -> (TempDir, SpillFolder) {
    let parent = tempdir().expect("a folder");
    let store = SpillFolder::within(parent.path(), Compression::None);
    (parent, store)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
}

/// The files with spilled bytes.
fn segments(parent: &Path) -> Vec<PathBuf> {
    let folders = entries(parent).into_iter().flat_map(|folder| entries(&folder));
    folders.filter(|path| path.file_name().is_some_and(|name| name != "lock")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn bytes_come_back_as_they_were(
        all in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2000), 1..20),
        is_compressed in any::<bool>(),
    ) {
        let parent = tempdir().expect("a folder");
        let compression = if is_compressed { Compression::Lz4 } else { Compression::None };
        let store = SpillFolder::within(parent.path(), compression);
        let blocks: Vec<_> = all.iter().map(|data| store.write(data).expect("room")).collect();
        for (data, block) in all.iter().zip(&blocks).rev() {
            prop_assert_eq!(&block.read().expect("the file is there")[..], &data[..]);
        }
    }
}

#[test]
fn threads_write_to_files_of_their_own() {
    let (parent, store) = folder();
    std::thread::scope(|scope| {
        for thread in 0..4u8 {
            let store = &store;
            scope.spawn(move || {
                let write = |_| store.write(&[thread; 1000]).expect("room");
                let blocks: Vec<_> = (0..100).map(write).collect();
                assert!(blocks.iter().all(|block| block.read().unwrap() == vec![thread; 1000]));
            });
        }
    });
    assert!(segments(parent.path()).len() <= 4);
}

#[test]
fn changed_bytes_are_refused_and_their_file_is_named() {
    let (parent, store) = folder();
    let block = store.write(b"elements").expect("room");
    let path = &segments(parent.path())[0];
    for changed in [&b"elephant"[..], b"elem"] {
        fs::write(path, changed).expect("it can be changed");
        let error = block.read().expect_err("others than were written").to_string();
        for part in ["was changed", "checksum", "--spill-dir", &path.display().to_string()] {
            assert!(error.contains(part), "no `{part}` in: {error}");
        }
    }
}

#[test]
fn the_end_of_a_job_removes_its_folder_and_ends_writing() {
    let (parent, store) = folder();
    assert!(entries(parent.path()).is_empty(), "nothing was spilled yet");
    let block = store.write(b"elements").expect("room");
    assert_eq!(entries(parent.path()).len(), 1);
    store.close();
    assert!(entries(parent.path()).is_empty());
    assert!(store.write(b"more").is_err() && block.read().is_err());
}

#[test]
fn a_file_is_removed_once_nothing_in_it_is_needed() {
    let (parent, store) = folder();
    let megabytes = vec![7; 40 << 20];
    let first = store.write(&megabytes).expect("room");
    let second = store.write(&megabytes).expect("room");
    let third = store.write(&megabytes).expect("room");
    assert_eq!(segments(parent.path()).len(), 2);
    drop(first);
    assert_eq!(segments(parent.path()).len(), 2);
    drop(second);
    assert_eq!(segments(parent.path()).len(), 1);
    assert_eq!(third.read().expect("it is in the other").len(), megabytes.len());
}

#[test]
fn folders_of_dead_processes_are_removed_and_no_others() {
    let (parent, living) = folder();
    living.write(b"elements").expect("room");
    let is = |name: &str| parent.path().join(name).exists();
    for (name, has_lock) in [("purlin-spill-1-dead", true), ("purlin-spill-2-born", false)] {
        fs::create_dir(parent.path().join(name)).expect("a folder");
        fs::write(parent.path().join(name).join("1"), "elements").expect("a file");
        if has_lock {
            fs::write(parent.path().join(name).join("lock"), "").expect("a file");
        }
    }
    fs::create_dir(parent.path().join("others")).expect("a folder");
    let _next = SpillFolder::within(parent.path(), Compression::None);
    assert!(!is("purlin-spill-1-dead") && is("purlin-spill-2-born") && is("others"));
    assert_eq!(segments(parent.path()).len(), 2, "that of the living job is there");
}

#[test]
fn a_full_disk_is_an_error_that_says_what_to_do() {
    let file = File::options().write(true).open("/dev/full").expect("a full device");
    let path = PathBuf::from("/spills/purlin-spill-1-a/1");
    let full = Writer::of(path, file).append(b"elements", Compression::None);
    let error = full.expect_err("the disk is full").to_string();
    for part in ["/spills/purlin-spill-1-a/1", "No space left", "`/spills`", "--spill-dir=DIR"] {
        assert!(error.contains(part), "no `{part}` in: {error}");
    }
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let parent = tempdir().expect("a folder");
    let missing = parent.path().join("missing");
    let store = SpillFolder::within(&missing, Compression::None);
    let error = store.write(b"elements").expect_err("there is no folder").to_string();
    let name = missing.display().to_string();
    assert!(error.contains(&name) && error.contains("--spill-dir=DIR"), "{error}");
}

#[test]
fn a_file_is_sparse_when_most_of_it_is_needed_no_more() {
    let (parent, store) = folder();
    let mebibyte = vec![1; 1 << 20];
    let mut blocks: Vec<_> = (0..64).map(|_| store.write(&mebibyte).expect("room")).collect();
    blocks.truncate(32);
    assert!(!blocks[0].is_sparse());
    blocks.truncate(31);
    assert!(blocks[0].is_sparse());
    assert_eq!(segments(parent.path()).len(), 1);
    blocks.clear();
    assert_eq!(segments(parent.path()).len(), 0);
    let more = store.write(&mebibyte).expect("room");
    drop(store.write(&mebibyte).expect("room"));
    assert!(!more.is_sparse(), "it is still written");
}
