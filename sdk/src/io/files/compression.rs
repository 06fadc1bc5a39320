//! Compressed files.

use std::fs::File;
use std::io::{self, BufReader, Read};

use flate2::read::MultiGzDecoder;

use super::cannot;
use crate::error::BoxError;

/// How a file that is read is compressed. A compressed file is read from its beginning to its end
/// by one worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Compression {
    /// As the file's name ends: `.gz` or `.zst`; otherwise not compressed.
    #[default]
    Auto,
    /// Not compressed, whatever its name.
    None,
    /// Gzip, of one member or several.
    Gzip,
    /// Zstandard, of one frame or several.
    Zstd,
}

impl Compression {
    /// What it is for this file: anything but `Auto`.
    pub(in crate::io) fn of(self, path: &str) -> Self {
        let ends = |end: &str| {
            let start = path.len().checked_sub(end.len());
            start.and_then(|start| path.get(start..)).is_some_and(|e| e.eq_ignore_ascii_case(end))
        };
        match self {
            Self::Auto if ends(".gz") => Self::Gzip,
            Self::Auto if ends(".zst") => Self::Zstd,
            Self::Auto => Self::None,
            known => known,
        }
    }
}

/// What a file contains, decompressed.
pub(in crate::io) fn open(path: &str, compression: Compression) -> Result<Box<dyn Read>, BoxError> {
    let open = || File::open(path).map_err(|error| cannot("open", path, error));
    let format = match compression.of(path) {
        Compression::None | Compression::Auto => return Ok(Box::new(open()?)),
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
    };
    let input: Box<dyn Read> = match compression.of(path) {
        Compression::Gzip => Box::new(MultiGzDecoder::new(BufReader::new(open()?))),
        _ => Box::new(
            zstd::stream::read::Decoder::new(open()?).map_err(|e| cannot("open", path, e))?,
        ),
    };
    Ok(Box::new(Decompressed { input, format }))
}

/// Says in errors that it was decompressing.
struct Decompressed {
    input: Box<dyn Read>,
    format: &'static str,
}

impl Read for Decompressed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            io::ErrorKind::UnexpectedEof => {
                io::Error::new(error.kind(), format!("its {} data ends early", self.format))
            }
            kind => io::Error::new(kind, format!("its {} data is corrupted: {error}", self.format)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_name_decides() {
        assert_eq!(Compression::Auto.of("a.gz"), Compression::Gzip);
        assert_eq!(Compression::Auto.of("a.ZST"), Compression::Zstd);
        assert_eq!(Compression::Auto.of("gz"), Compression::None);
        assert_eq!(Compression::Auto.of("ä.txt"), Compression::None);
        assert_eq!(Compression::None.of("a.gz"), Compression::None);
    }
}
