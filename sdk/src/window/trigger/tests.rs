//! What triggers promise, and their messages.

use std::time::Duration;

use proptest::prelude::*;
use prost::Message;
use purlin_proto::pipeline::trigger::Trigger as message;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn kind() -> impl Strategy<Value = Kind> {
    let delay = (0i64..100).prop_map(TimestampTransform::Delay);
    let align = (1i64..100, 0i64..100)
        .prop_map(|(period, offset)| TimestampTransform::AlignTo { period, offset });
    let leaf = prop_oneof![
        Just(Kind::Default),
        Just(Kind::Never),
        Just(Kind::Always),
        (1u32..9).prop_map(Kind::Count),
        Just(Kind::SynchronizedProcessingTime),
        prop::collection::vec(prop_oneof![delay, align], 0..3).prop_map(Kind::ProcessingTime),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let one = inner.clone().prop_map(Box::new);
        let some = prop::collection::vec(inner, 1..4);
        prop_oneof![
            (prop::option::of(one.clone()), prop::option::of(one.clone()))
                .prop_map(|(early, late)| Kind::Watermark { early, late }),
            some.clone().prop_map(Kind::Each),
            some.clone().prop_map(Kind::All),
            some.prop_map(Kind::Any),
            (one.clone(), one.clone()).prop_map(|(main, end)| Kind::OrFinally(main, end)),
            one.prop_map(Kind::Repeat),
        ]
    })
}

proptest! {
    #[test]
    fn triggers_survive_their_proto(kind in kind()) {
        let trigger = Trigger(kind);
        prop_assert_eq!(Trigger::from_proto(&trigger.to_proto()), Some(trigger));
    }

    #[test]
    fn well_formed_triggers_have_no_mistake(kind in kind()) {
        prop_assert_eq!(Trigger(kind).mistake(), None);
    }
}

#[test]
fn triggers_have_the_bytes_of_the_model() {
    let early = Trigger::after_processing_time(SECOND).aligned_to(SECOND, Duration::ZERO);
    let trigger = Trigger::after_watermark().early(early).late(Trigger::after_count(1));
    let early = b"\x2a\x0e\x0a\x05\x0a\x03\x08\xe8\x07\x0a\x05\x12\x03\x18\xe8\x07".as_slice();
    let late = b"\x42\x02\x08\x01".as_slice();
    let bytes = [b"\x22\x18\x0a\x10", early, b"\x12\x04", late].concat();
    assert_eq!(Trigger::from(trigger).to_proto().encode_to_vec(), bytes);
}

#[test]
fn a_trigger_deeper_than_any_program_writes_is_refused() {
    let mut trigger = Trigger::always();
    for _ in 0..100 {
        trigger = trigger.repeatedly();
    }
    assert_eq!(Trigger::from_proto(&trigger.to_proto()), None);
}

#[test]
fn a_part_that_cannot_be_read_makes_the_whole_unreadable() {
    let mut proto = Trigger::from(Trigger::after_watermark().early(Trigger::always())).to_proto();
    if let Some(message::AfterEndOfWindow(end)) = &mut proto.trigger {
        end.early_firings = Some(Box::default());
    }
    assert_eq!(Trigger::from_proto(&proto), None);
}

#[test]
fn mistakes_are_found_at_any_depth() {
    let none = Vec::<Trigger>::new;
    for trigger in [
        Trigger::after_count(0).repeatedly(),
        Trigger::after_all(none()).or_finally(Trigger::always()),
        Trigger::after_any([Trigger::after_each(none())]),
        Trigger::after_count(u32::MAX),
        Trigger::after_watermark().late(Trigger::after_count(0)).into(),
        Trigger::after_processing_time(SECOND).aligned_to(Duration::ZERO, SECOND).into(),
    ] {
        assert!(trigger.mistake().is_some(), "{trigger:?}");
    }
}

#[test]
fn a_trigger_that_may_finish_loses_what_comes_after() {
    let end = || Trigger::from(Trigger::after_watermark());
    let count = || Trigger::after_count(3);
    for (trigger, lateness, loses) in [
        (Trigger::default(), SECOND, false),
        (Trigger::never(), SECOND, false),
        (count(), Duration::ZERO, true),
        (count().repeatedly(), SECOND, false),
        (end(), Duration::ZERO, false),
        (end(), SECOND, true),
        (Trigger::after_watermark().late(count()).into(), SECOND, false),
        (Trigger::after_any([count(), end()]), Duration::ZERO, true),
        (Trigger::after_all([count(), end()]), Duration::ZERO, false),
        (Trigger::after_each([count(), count().repeatedly()]), SECOND, false),
        (count().repeatedly().or_finally(end()), SECOND, true),
        (count().repeatedly().or_finally(end()), Duration::ZERO, false),
    ] {
        assert_eq!(trigger.may_lose_data(lateness), loses, "{trigger:?}");
    }
}

#[test]
fn each_kind_of_trigger_has_its_continuation() {
    let count = Trigger::after_count;
    let delay = || Trigger::from(Trigger::after_processing_time(SECOND));
    let synchronized = Trigger::after_synchronized_processing_time;
    for (trigger, expected) in [
        (Trigger::default(), Trigger::default()),
        (Trigger::never(), Trigger::never()),
        (Trigger::always(), Trigger::always()),
        (count(7), count(1)),
        (delay(), synchronized()),
        (synchronized(), synchronized()),
        (
            Trigger::after_watermark().early(delay()).late(count(5)).into(),
            Trigger::after_watermark().early(synchronized()).late(count(1)).into(),
        ),
        (
            Trigger::after_each([count(2), delay()]),
            Trigger::after_any([count(1), synchronized()]).repeatedly(),
        ),
        (Trigger::after_all([count(2), delay()]), Trigger::after_all([count(1), synchronized()])),
        (Trigger::after_any([count(2), delay()]), Trigger::after_any([count(1), synchronized()])),
        (
            count(2).repeatedly().or_finally(delay()),
            count(1).repeatedly().or_finally(synchronized()).repeatedly(),
        ),
        (delay().repeatedly(), synchronized().repeatedly()),
    ] {
        assert_eq!(trigger.continuation(), expected);
    }
}
