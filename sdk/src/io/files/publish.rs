//! The end of a write: temporary files become the files that were asked for.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use super::{Folder, Part, Sharding, Target, cannot};
use crate::error::BoxError;
use crate::exec::helpful;

/// Where the runner decides how many files there are, smaller ones are joined.
const LEAST_BYTES: u64 = 1 << 20;

/// Gives the parts their final names, which it returns. Until the last step, no file appears.
///
/// A second call with the same parts changes nothing: a runner may repeat the bundle that made it.
///
/// # Errors
/// When a file cannot be read, written or renamed.
pub(in crate::io) fn publish(
    target: &Target,
    folder: &Folder,
    parts: Vec<Part>,
) -> Result<Vec<String>, BoxError> {
    let _open = folder.open()?;
    target.prepare()?;
    let shards = shards_of(target.sharding, parts);
    let count = shards.len();
    let names: Vec<_> = (0..count).map(|shard| target.name(shard, count)).collect();
    let mut renames = Vec::new();
    for (name, parts) in names.iter().zip(&shards) {
        if !is_published(name, parts) {
            renames.push((whole(parts, folder)?, name));
        }
    }
    for (from, to) in renames {
        fs::rename(&from, to).map_err(|error| cannot("write", to, error))?;
    }
    folder.clear();
    Ok(names)
}

/// The parts of each shard, in the order in which they were begun.
fn shards_of(sharding: Sharding, mut parts: Vec<Part>) -> Vec<Vec<Part>> {
    // Names begin with the time.
    parts.sort_unstable_by(|a, b| Path::new(&a.1).file_name().cmp(&Path::new(&b.1).file_name()));
    match sharding {
        Sharding::Single => vec![parts],
        Sharding::Fixed(count) => {
            let mut shards = vec![Vec::new(); count.max(1) as usize];
            parts.into_iter().for_each(|part| shards[part.0 as usize].push(part));
            shards
        }
        Sharding::ByRunner => {
            let mut shards = vec![Vec::new()];
            let mut bytes = 0;
            for part in parts {
                if bytes >= LEAST_BYTES {
                    shards.push(Vec::new());
                    bytes = 0;
                }
                bytes += part.2;
                if let Some(shard) = shards.last_mut() {
                    shard.push(part);
                }
            }
            shards
        }
    }
}

/// Whether an earlier call made this file of these parts, and removed them.
fn is_published(name: &str, parts: &[Part]) -> bool {
    let length: u64 = parts.iter().map(|part| part.2).sum();
    parts.iter().any(|part| !Path::new(&part.1).exists())
        && fs::metadata(name).is_ok_and(|file| file.len() == length)
}

/// One file with the contents of all parts.
fn whole(parts: &[Part], folder: &Folder) -> Result<String, BoxError> {
    if let [(_, path, bytes)] = parts {
        let length = fs::metadata(path).map_err(|error| lost(path, error))?.len();
        check_length(path, length, *bytes)?;
        return Ok(path.clone());
    }
    let path = folder.new_path();
    let mut output = OpenOptions::new()
        .append(true)
        .create_new(true)
        .open(&path)
        .map_err(|error| cannot("write the temporary file", &path, error))?;
    for (_, from, bytes) in parts {
        let mut input = File::open(from).map_err(|error| lost(from, error))?;
        let length = io::copy(&mut input, &mut output)
            .map_err(|error| cannot("write the temporary file", &path, error))?;
        check_length(from, length, *bytes)?;
    }
    Ok(path.to_string_lossy().into_owned())
}

fn check_length(path: &str, length: u64, expected: u64) -> Result<(), BoxError> {
    if length == expected {
        return Ok(());
    }
    let message = format!("it has {length} bytes, and {expected} were written");
    Err(cannot("use the temporary file", path, message))
}

fn lost(path: &str, error: io::Error) -> BoxError {
    let help = "two runs cannot write the same files at the same time; nor can worker processes \
                that do not share a file system";
    helpful(cannot("read the temporary file", path, error), help)
}

#[cfg(test)]
mod tests {
    use super::super::PartWriter;
    use super::*;

    fn target(folder: &Path, sharding: Sharding) -> Target {
        let prefix = folder.join("sub/out").to_str().unwrap().to_owned();
        Target { prefix, suffix: ".txt".into(), sharding }
    }

    fn part(temporary: &Folder, shard: u32, content: &str) -> Part {
        let mut writer = PartWriter::default();
        writer.buffer.extend_from_slice(content.as_bytes());
        let (path, bytes) = writer.finish(temporary).unwrap().unwrap();
        (shard, path, bytes)
    }

    fn files(folder: &Path) -> Vec<(String, String)> {
        let mut files: Vec<_> = fs::read_dir(folder.join("sub"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (name, fs::read_to_string(path).unwrap_or_default())
            })
            .collect();
        files.sort();
        files
    }

    fn pair(name: &str, content: &str) -> (String, String) {
        (name.to_owned(), content.to_owned())
    }

    #[test]
    fn a_single_file_has_the_parts_in_the_order_in_which_they_were_begun() {
        let folder = tempfile::tempdir().unwrap();
        let target = target(folder.path(), Sharding::Single);
        let temporary = Folder::new(&target);
        let (a, b) = (part(&temporary, 0, "a\n"), part(&temporary, 0, "b\n"));
        let parts = vec![b, a];
        let names = publish(&target, &temporary, parts.clone()).unwrap();
        assert_eq!(names, [format!("{}.txt", target.prefix)]);
        assert_eq!(files(folder.path()), [pair("out.txt", "a\nb\n")]);
        // Once more, as after a bundle whose commit was lost.
        assert_eq!(publish(&target, &temporary, parts).unwrap(), names);
        assert_eq!(files(folder.path()), [pair("out.txt", "a\nb\n")]);
    }

    #[test]
    fn small_parts_are_joined_and_large_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let target = target(folder.path(), Sharding::ByRunner);
        let temporary = Folder::new(&target);
        let large = "x".repeat(1 << 20);
        let parts = ["a", "b", &large, "c"].map(|content| part(&temporary, 0, content));
        publish(&target, &temporary, parts.into()).unwrap();
        let ab = format!("ab{large}");
        let expected = [pair("out-00000-of-00002.txt", &ab), pair("out-00001-of-00002.txt", "c")];
        assert_eq!(files(folder.path()), expected);
    }

    #[test]
    fn shards_without_elements_are_empty_files() {
        let folder = tempfile::tempdir().unwrap();
        let target = target(folder.path(), Sharding::Fixed(2));
        let temporary = Folder::new(&target);
        let parts = vec![part(&temporary, 1, "a"), part(&temporary, 1, "b")];
        publish(&target, &temporary, parts).unwrap();
        let expected = [pair("out-00000-of-00002.txt", ""), pair("out-00001-of-00002.txt", "ab")];
        assert_eq!(files(folder.path()), expected);
    }

    #[test]
    fn a_lost_part_is_an_error_and_no_file_appears() {
        let folder = tempfile::tempdir().unwrap();
        let target = target(folder.path(), Sharding::Fixed(2));
        let temporary = Folder::new(&target);
        let parts = vec![part(&temporary, 0, "a"), part(&temporary, 1, "b")];
        fs::remove_file(&parts[1].1).unwrap();
        let error = publish(&target, &temporary, parts).unwrap_err().to_string();
        assert!(error.starts_with("cannot read the temporary file `"), "{error}");
        temporary.close();
        assert_eq!(files(folder.path()), []);
    }

    #[test]
    fn what_killed_runs_left_goes() {
        let folder = tempfile::tempdir().unwrap();
        let target = target(folder.path(), Sharding::Single);
        part(&Folder::new(&target), 0, "left");
        publish(&target, &Folder::new(&target), Vec::new()).unwrap();
        assert_eq!(files(folder.path()), [pair("out.txt", "")]);
    }

    #[test]
    fn nothing_is_written_once_the_run_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let target = target(folder.path(), Sharding::Single);
        let temporary = Folder::new(&target);
        let parts = vec![part(&temporary, 0, "a")];
        let mut writer = PartWriter::default();
        writer.buffer.push(b'b');
        temporary.close();
        assert!(writer.finish(&temporary).is_err());
        assert!(publish(&target, &temporary, parts).is_err());
        assert_eq!(files(folder.path()), []);
    }
}
