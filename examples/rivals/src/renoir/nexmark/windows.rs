//! Windows of event time that begin at multiples of their distance.

use std::collections::BTreeMap;

use renoir::operator::{
    Data, StreamElement, Timestamp,
    window::{WindowAccumulator, WindowDescription, WindowManager, WindowResult},
};

/// Windows of a size, one every so often, both in milliseconds.
#[derive(Clone, Copy)]
pub(super) struct Aligned {
    size: i64,
    slide: i64,
}

impl Aligned {
    pub(super) fn sliding(size: i64, slide: i64) -> Self {
        Self { size, slide }
    }

    pub(super) fn tumbling(size: i64) -> Self {
        Self { size, slide: size }
    }
}

impl<T: Data> WindowDescription<T> for Aligned {
    type Manager<A: WindowAccumulator<In = T>> = AlignedManager<A>;

    fn build<A: WindowAccumulator<In = T>>(&self, accumulator: A) -> AlignedManager<A> {
        AlignedManager { windows: *self, empty: accumulator, open: BTreeMap::new() }
    }
}

/// The windows of a key.
#[derive(Clone)]
pub(super) struct AlignedManager<A> {
    windows: Aligned,
    empty: A,
    /// By the start of a window.
    open: BTreeMap<Timestamp, A>,
}

impl<A: WindowAccumulator> AlignedManager<A> {
    /// Closes the windows that end at `time` or before. What the watermark is at may still come,
    /// which belongs into later windows.
    fn close(&mut self, time: Timestamp) -> Vec<WindowResult<A::Out>> {
        let first_open = time.saturating_sub(self.windows.size).saturating_add(1);
        let open = self.open.split_off(&first_open);
        let closed = std::mem::replace(&mut self.open, open).into_iter();
        let size = self.windows.size;
        closed.map(|(start, it)| WindowResult::Timestamped(it.output(), start + size)).collect()
    }
}

impl<A: WindowAccumulator> WindowManager for AlignedManager<A> {
    type In = A::In;
    type Out = A::Out;
    type Output = Vec<WindowResult<A::Out>>;

    fn process(&mut self, element: StreamElement<A::In>) -> Self::Output {
        match element {
            StreamElement::Timestamped(item, time) => {
                let Aligned { size, slide } = self.windows;
                let mut start = time - time.rem_euclid(slide);
                while start > time - size {
                    let window = self.open.entry(start).or_insert_with(|| self.empty.clone());
                    window.process(&item);
                    start -= slide;
                }
                Vec::new()
            }
            StreamElement::Watermark(time) => self.close(time),
            StreamElement::FlushAndRestart | StreamElement::Terminate => self.close(Timestamp::MAX),
            // Without a time it is in no window; and nothing has come with the others.
            StreamElement::Item(_) | StreamElement::FlushBatch => Vec::new(),
        }
    }

    fn recycle(&self) -> bool {
        self.open.is_empty()
    }
}

/// Adds its time, for results of a window the end of it.
pub(super) fn with_end<T>(element: StreamElement<T>) -> StreamElement<(Timestamp, T)> {
    match element {
        StreamElement::Timestamped(item, end) => StreamElement::Timestamped((end, item), end),
        StreamElement::Item(item) => StreamElement::Item((Timestamp::MAX, item)),
        StreamElement::Watermark(time) => StreamElement::Watermark(time),
        StreamElement::FlushBatch => StreamElement::FlushBatch,
        StreamElement::Terminate => StreamElement::Terminate,
        StreamElement::FlushAndRestart => StreamElement::FlushAndRestart,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
    struct Collect(Vec<i64>);

    impl WindowAccumulator for Collect {
        type In = i64;
        type Out = Vec<i64>;

        fn process(&mut self, item: &i64) {
            self.0.push(*item);
        }

        fn output(self) -> Vec<i64> {
            self.0
        }
    }

    #[test]
    fn windows_begin_at_multiples_and_close_behind_the_watermark() {
        let mut windows = Aligned::sliding(10, 5).build(Collect(Vec::new()));
        for time in [3, 7, 10] {
            assert!(windows.process(StreamElement::Timestamped(time, time)).is_empty());
        }
        let result = |items: &[i64], end| WindowResult::Timestamped(items.to_vec(), end);
        assert_eq!(windows.process(StreamElement::Watermark(4)), []);
        let closed = windows.process(StreamElement::Watermark(10));
        assert_eq!(closed, [result(&[3], 5), result(&[3, 7], 10)]);
        let closed = windows.process(StreamElement::FlushAndRestart);
        assert_eq!(closed, [result(&[7, 10], 15), result(&[10], 20)]);
        assert!(windows.recycle());
    }
}
