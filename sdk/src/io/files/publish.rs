//! The end of a write: temporary files become the files that were asked for.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::parts::Piece;
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
    parts.sort_by(|a, b| begun(a).cmp(&begun(b)));
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
                bytes += length_of(std::slice::from_ref(&part));
                if let Some(shard) = shards.last_mut() {
                    shard.push(part);
                }
            }
            shards
        }
    }
}

fn begun((_, path, pieces): &Part) -> (Option<&OsStr>, Option<&Piece>) {
    (Path::new(path).file_name(), pieces.first())
}

fn length_of(parts: &[Part]) -> u64 {
    parts.iter().flat_map(|(_, _, pieces)| pieces).map(|(_, length)| length).sum()
}

/// Whether an earlier call made this file of these parts, and removed them.
fn is_published(name: &str, parts: &[Part]) -> bool {
    let length = length_of(parts);
    parts.iter().any(|(_, path, _)| !Path::new(path).exists())
        && fs::metadata(name).is_ok_and(|file| file.len() == length)
}

/// One file with the contents of all parts.
fn whole(parts: &[Part], folder: &Folder) -> Result<String, BoxError> {
    if let Some(path) = whole_already(parts)? {
        return Ok(path);
    }
    let path = folder.new_path();
    // Not opened to append: the system copies from file to file by itself only to a place.
    let mut output = File::create_new(&path)
        .map_err(|error| cannot("write the temporary file", &path, error))?;
    for (_, from, pieces) in parts {
        let mut input = File::open(from).map_err(|error| lost(from, error))?;
        for piece in pieces {
            let copied = copy(&mut input, *piece, &mut output)
                .map_err(|error| cannot("write the temporary file", &path, error))?;
            check_length(from, *piece, copied)?;
        }
    }
    Ok(path.to_string_lossy().into_owned())
}

/// The file that has the contents of all parts and nothing else, as one does to which all of them
/// were written, and none of a bundle that failed.
fn whole_already(parts: &[Part]) -> Result<Option<String>, BoxError> {
    let Some((_, path, _)) = parts.first() else { return Ok(None) };
    if parts.iter().any(|(_, other, _)| other != path) {
        return Ok(None);
    }
    let length = fs::metadata(path).map_err(|error| lost(path, error))?.len();
    // Pieces never overlap.
    Ok((length == length_of(parts)).then(|| path.clone()))
}

fn copy(input: &mut File, (offset, length): Piece, output: &mut File) -> io::Result<u64> {
    input.seek(SeekFrom::Start(offset))?;
    io::copy(&mut input.take(length), output)
}

fn check_length(path: &str, (offset, length): Piece, found: u64) -> Result<(), BoxError> {
    if length == found {
        return Ok(());
    }
    let message = format!("{length} bytes were written at {offset}, of which it has {found}");
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
        let mut writer = PartWriter::apart();
        writer.buffer.extend_from_slice(content.as_bytes());
        let (_, path, pieces) = writer.finish(temporary).unwrap().unwrap();
        (shard, path, pieces)
    }

    /// Pieces of a shard's joint file, which two bundles write in turn.
    fn joint_parts(temporary: &Folder, pieces: [&str; 4]) -> [Option<Part>; 2] {
        let mut writers = [0, 0].map(PartWriter::joined);
        for (turn, piece) in pieces.iter().enumerate() {
            let writer = &mut writers[turn % 2];
            writer.buffer.extend_from_slice(piece.as_bytes());
            writer.flush(temporary).unwrap();
        }
        writers.map(|mut writer| writer.finish(temporary).unwrap())
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
    fn a_file_to_which_all_bundles_wrote_becomes_the_target() {
        let folder = tempfile::tempdir().unwrap();
        let target = target(folder.path(), Sharding::Single);
        let temporary = Folder::new(&target);
        let parts = joint_parts(&temporary, ["a\n", "b\n", "c\n", "d\n"]).map(Option::unwrap);
        assert_eq!(parts[0].1, parts[1].1);
        assert_eq!(whole_already(&parts).unwrap().as_ref(), Some(&parts[0].1));
        for _ in 0..2 {
            publish(&target, &temporary, parts.to_vec()).unwrap();
            assert_eq!(files(folder.path()), [pair("out.txt", "a\nb\nc\nd\n")]);
        }
    }

    #[test]
    fn what_a_failed_bundle_wrote_to_a_joint_file_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let target = target(folder.path(), Sharding::Single);
        let temporary = Folder::new(&target);
        let mut failed = PartWriter::joined(0);
        failed.buffer.extend_from_slice(b"failed\n");
        failed.flush(&temporary).unwrap();
        let [part, lost] = joint_parts(&temporary, ["a\n", "b\n", "c\n", "d\n"]);
        failed.discard();
        assert_eq!(part.as_ref().unwrap().1, lost.unwrap().1);
        publish(&target, &temporary, vec![part.unwrap()]).unwrap();
        assert_eq!(files(folder.path()), [pair("out.txt", "a\nc\n")]);
    }

    #[test]
    fn the_joint_files_of_several_processes_are_joined() {
        let folder = tempfile::tempdir().unwrap();
        let target = target(folder.path(), Sharding::Single);
        let processes = [Folder::new(&target), Folder::new(&target)];
        let parts = processes.each_ref().map(|it| joint_parts(it, ["a\n", "b\n", "c\n", "d\n"]));
        let parts = parts.into_iter().flatten().map(Option::unwrap).collect();
        publish(&target, &processes[0], parts).unwrap();
        let once = "a\nc\nb\nd\n";
        assert_eq!(files(folder.path()), [pair("out.txt", &once.repeat(2))]);
    }

    #[test]
    fn a_part_that_became_shorter_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let target = target(folder.path(), Sharding::Single);
        let temporary = Folder::new(&target);
        let part = part(&temporary, 0, "abc");
        fs::write(&part.1, "ab").unwrap();
        let error = publish(&target, &temporary, vec![part]).unwrap_err().to_string();
        assert!(error.contains("3 bytes were written at 0, of which it has 2"), "{error}");
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
        let mut writer = PartWriter::apart();
        writer.buffer.push(b'b');
        temporary.close();
        assert!(writer.finish(&temporary).is_err());
        assert!(publish(&target, &temporary, parts).is_err());
        assert_eq!(files(folder.path()), []);
    }
}
