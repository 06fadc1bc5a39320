//! What a line becomes.

use std::cell::OnceCell;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::blocks::count_lines;
use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader};
use crate::element::{Element, Text, put_field, put_row_header};

/// What a line of a file is read as: [`Text`], [`Bytes`], or either [`Located`].
pub trait Line: Element + private::Line {}

pub(super) mod private {
    use super::{Range, Text};

    /// How lines are cut from a block of them.
    pub trait Line: Sized {
        /// A block of lines, which the lines share.
        type Block<'b>;

        /// Whether it is text, which must be UTF-8.
        const IS_TEXT: bool;

        /// Makes a block; `None` where it is text and these bytes are not.
        fn block(bytes: &[u8]) -> Option<Self::Block<'_>>;

        /// The line in this part of a block; `None` where it is text of more than 4 GiB.
        fn cut(block: &Self::Block<'_>, range: Range<usize>, place: &Place<'_>) -> Option<Self>;

        /// Appends what [`Self::cut`] gives; `false` where that is nothing.
        #[inline]
        fn append(
            block: &Self::Block<'_>,
            range: Range<usize>,
            place: &Place<'_>,
            lines: &mut Vec<Self>,
        ) -> bool {
            let line = Self::cut(block, range, place);
            line.map(|line| lines.push(line)).is_some()
        }
    }

    /// Where a line is.
    pub struct Place<'a> {
        /// The file's name.
        pub file: &'a Text,
        /// The offset of its first byte.
        pub offset: u64,
        /// Its number in the file from 1, where that is known.
        pub number: Option<u64>,
    }
}

use private::Place;

impl Line for Text {}

/// A block of text, which is copied for its lines to share where one is too long to be held in
/// place.
pub struct TextBlock<'b> {
    text: &'b str,
    shared: OnceCell<Arc<str>>,
}

impl TextBlock<'_> {
    fn shared(&self) -> &Arc<str> {
        self.shared.get_or_init(|| Arc::from(self.text))
    }
}

impl private::Line for Text {
    type Block<'b> = TextBlock<'b>;
    const IS_TEXT: bool = true;

    fn block(bytes: &[u8]) -> Option<TextBlock<'_>> {
        let text = std::str::from_utf8(bytes).ok()?;
        Some(TextBlock { text, shared: OnceCell::new() })
    }

    fn cut(block: &TextBlock<'_>, range: Range<usize>, _: &Place<'_>) -> Option<Self> {
        match Self::short_part(block.text, range.clone()) {
            Some(short) => Some(short),
            None => Self::in_block(block.shared(), range),
        }
    }

    /// Either form is appended as soon as it is made: one that could be either would wait in memory,
    /// and be read in other pieces than it was written in.
    #[inline]
    fn append(
        block: &TextBlock<'_>,
        range: Range<usize>,
        _: &Place<'_>,
        lines: &mut Vec<Self>,
    ) -> bool {
        if let Some(short) = Self::short_part(block.text, range.clone()) {
            lines.push(short);
            return true;
        }
        Self::in_block(block.shared(), range).map(|line| lines.push(line)).is_some()
    }
}

impl Line for Bytes {}

impl private::Line for Bytes {
    type Block<'b> = Self;
    const IS_TEXT: bool = false;

    fn block(bytes: &[u8]) -> Option<Self> {
        Some(Self::copy_from_slice(bytes))
    }

    #[inline]
    fn cut(block: &Self, range: Range<usize>, _: &Place<'_>) -> Option<Self> {
        Some(block.slice(range))
    }
}

/// A line with the place where it was read.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Located<L = Text> {
    /// The name of the file.
    pub file: Text,
    /// The offset of the line's first byte, in the decompressed file.
    pub offset: u64,
    /// The line's number, from 1. Unknown in the later ranges of a file that was split, which are
    /// read without what is before them.
    pub number: Option<u64>,
    /// The line.
    pub line: L,
}

impl<L> Located<L> {
    /// Where it is, for messages: the file's name with the line number, or else the byte offset.
    pub fn place(&self) -> impl fmt::Display + '_ {
        struct At<'a>(&'a Text, u64, Option<u64>);
        impl fmt::Display for At<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.2 {
                    Some(number) => write!(f, "`{}` line {number}", self.0),
                    None => write!(f, "`{}` byte {}", self.0, self.1),
                }
            }
        }
        At(&self.file, self.offset, self.number)
    }
}

impl<L: Clone> Located<L> {
    /// With its number, for which the lines before are counted where it is not known: worth it for
    /// a message, and not for each line.
    fn counted(&self) -> Self {
        let mut this = self.clone();
        if this.number.is_none() {
            let before = File::open(self.file.as_str());
            let count = before.and_then(|file| count_lines(file.take(self.offset)));
            this.number = count.ok().map(|lines| lines + 1);
        }
        this
    }
}

impl<L: Line> Line for Located<L> {}

impl<L: Line> private::Line for Located<L> {
    type Block<'b> = L::Block<'b>;
    const IS_TEXT: bool = L::IS_TEXT;

    fn block(bytes: &[u8]) -> Option<L::Block<'_>> {
        L::block(bytes)
    }

    fn cut(block: &L::Block<'_>, range: Range<usize>, place: &Place<'_>) -> Option<Self> {
        Some(Self {
            file: place.file.clone(),
            offset: place.offset,
            number: place.number,
            line: L::cut(block, range, place)?,
        })
    }
}

/// As the tuple of its fields.
type Fields<L> = (Text, u64, Option<u64>, L);

impl<L: Element> Element for Located<L> {
    fn coder_spec() -> CoderSpec {
        Fields::<L>::coder_spec()
    }
    fn encode(&self, out: &mut Vec<u8>, _: Nesting) -> Result<(), CoderError> {
        let Self { file, offset, number, line } = self;
        put_row_header(out, 4, &[u8::from(number.is_none()) << 2 | u8::from(line.is_null()) << 3]);
        put_field(file, out, "f0")?;
        put_field(offset, out, "f1")?;
        put_field(number, out, "f2")?;
        put_field(line, out, "f3")
    }
    fn decode(input: &mut Reader<'_>, nesting: Nesting) -> Result<Self, CoderError> {
        let (file, offset, number, line) = Fields::<L>::decode(input, nesting)?;
        Ok(Self { file, offset, number, line })
    }
    fn field_type() -> FieldType {
        Fields::<L>::field_type()
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The place first: a long line is not shown to its end.
        write!(f, "{}: ", self.counted().place())?;
        self.line.show(f)
    }
    fn detached(&self) -> Self {
        let Self { file, offset, number, line } = self;
        Self { file: file.detached(), offset: *offset, number: *number, line: line.detached() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_located_line_has_the_bytes_of_its_fields() {
        for number in [None, Some(7)] {
            let (file, line) = (Text::from("a/file.txt"), Text::from("a line"));
            let fields = (file.clone(), 300, number, line.clone());
            let located = Located { file, offset: 300, number, line };
            let (mut one, mut other) = (Vec::new(), Vec::new());
            located.encode(&mut one, Nesting::Nested).unwrap();
            fields.encode(&mut other, Nesting::Nested).unwrap();
            assert_eq!(one, other);
            assert_eq!(Located::decode(&mut Reader::new(&one), Nesting::Nested), Ok(located));
        }
    }
}
