//! Shares a file out among threads.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Take},
    path::Path,
};

/// The least size of a part.
const LEAST: u64 = 1 << 20;
/// So much is looked through at a time for the end of a piece.
const LOOK: usize = 1 << 10;

/// Opens the file at `path` as about `count` parts, each beginning behind a byte that `ends_piece`
/// holds for.
pub(crate) fn of_file(
    path: &Path,
    count: usize,
    ends_piece: fn(u8) -> bool,
) -> io::Result<Vec<Take<File>>> {
    let mut file = File::open(path)?;
    let len = file.metadata()?.len();
    let size = len.div_ceil(count as u64).max(LEAST);
    let (mut parts, mut start) = (Vec::new(), 0);
    while start < len {
        let end = piece_end(&mut file, len.min(start + size), ends_piece)?;
        let mut part = File::open(path)?;
        part.seek(SeekFrom::Start(start))?;
        parts.push(part.take(end - start));
        start = end;
    }
    Ok(parts)
}

/// Where the piece ends that the byte before `at` belongs to.
fn piece_end(file: &mut File, at: u64, ends_piece: fn(u8) -> bool) -> io::Result<u64> {
    let mut at = at - 1;
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = [0; LOOK];
    loop {
        let read = file.read(&mut bytes)?;
        if let Some(found) = bytes[..read].iter().position(|byte| ends_piece(*byte)) {
            return Ok(at + found as u64 + 1);
        }
        at += read as u64;
        if read == 0 {
            return Ok(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn parts_are_the_whole_and_cut_behind_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        let lines: String = (0..900_000).map(|n| format!("{n}\n")).collect();
        for text in [&lines, "", "a", &"x".repeat(3 << 20), &lines[..lines.len() - 1]] {
            fs::write(&path, text).unwrap();
            let parts = of_file(&path, 5, |byte| byte == b'\n').unwrap();
            let mut all = Vec::new();
            let count = parts.len();
            for mut part in parts {
                assert!(all.is_empty() || all.ends_with(b"\n"));
                part.read_to_end(&mut all).unwrap();
            }
            assert!(all == text.as_bytes());
            assert!(text.len() < 5 << 20 || count == 5, "{count}");
        }
    }
}
