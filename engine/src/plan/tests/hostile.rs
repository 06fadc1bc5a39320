//! Pipelines that contradict themselves are refused, in words.

use expect_test::{Expect, expect};
use purlin_proto::pipeline::{PTransform, ParDoPayload};
use purlin_proto::urns::{coders, transforms as urn};

use super::builder::{Builder, spec, stateful};

fn check(builder: &Builder, expected: &Expect) {
    expected.assert_eq(&builder.refusal());
}

/// A pipeline of an impulse and two ParDos.
fn sound() -> Builder {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    b.par_do("Print", read);
    b
}

fn with_transform(id: &str, change: impl FnOnce(&mut PTransform)) -> Builder {
    let mut b = sound();
    change(b.components().transforms.get_mut(id).unwrap());
    b
}

#[test]
fn ids_that_name_nothing() {
    let mut b = sound();
    b.pipeline.root_transform_ids.push("Gone".to_owned());
    check(
        &b,
        &expect![[r#"
        the list of root transforms refers to transform `Gone`, which the pipeline lacks
        help: the SDK that wrote this pipeline left out a component"#]],
    );
    let b = with_transform("Print", |it| it.environment_id = "gone".to_owned());
    check(
        &b,
        &expect![[r#"
        transform `Print` refers to environment `gone`, which the pipeline lacks
        help: the SDK that wrote this pipeline left out a component"#]],
    );
    let b = with_transform("Print", |it| {
        it.inputs.insert("in".to_owned(), "gone".to_owned());
    });
    check(
        &b,
        &expect![[r#"
        transform `Print` refers to collection `gone`, which the pipeline lacks
        help: the SDK that wrote this pipeline left out a component"#]],
    );
    for (change, expected) in [
        (
            "coder",
            expect![[r#"
            collection `Read` refers to coder `gone`, which the pipeline lacks
            help: the SDK that wrote this pipeline left out a component"#]],
        ),
        (
            "windowing",
            expect![[r#"
            collection `Read` refers to windowing strategy `gone`, which the pipeline lacks
            help: the SDK that wrote this pipeline left out a component"#]],
        ),
        (
            "window coder",
            expect![[r#"
            windowing strategy `global` refers to coder `gone`, which the pipeline lacks
            help: the SDK that wrote this pipeline left out a component"#]],
        ),
        (
            "component",
            expect![[r#"
            coder `kv` refers to coder `gone`, which the pipeline lacks
            help: the SDK that wrote this pipeline left out a component"#]],
        ),
        (
            "sub",
            expect![[r#"
            transform `Print` refers to transform `gone`, which the pipeline lacks
            help: the SDK that wrote this pipeline left out a component"#]],
        ),
    ] {
        let mut b = sound();
        let gone = "gone".to_owned();
        let components = b.components();
        match change {
            "coder" => components.pcollections.get_mut("Read").unwrap().coder_id = gone,
            "windowing" => {
                components.pcollections.get_mut("Read").unwrap().windowing_strategy_id = gone;
            }
            "window coder" => {
                components.windowing_strategies.get_mut("global").unwrap().window_coder_id = gone;
            }
            "component" => components.coders.get_mut("kv").unwrap().component_coder_ids[1] = gone,
            _ => {
                let print = components.transforms.get_mut("Print").unwrap();
                print.spec = None;
                print.subtransforms.push(gone);
            }
        }
        check(&b, &expected);
    }
}

#[test]
fn cycles() {
    let mut b = sound();
    let par_do = spec(urn::PAR_DO, vec![]);
    b.transform("Loop", par_do.clone(), &[("in", "Print")], &[("out", "Loop")]);
    b.collection("Loop", "kv");
    let joined = b.flatten("Joined", &["Start", "Loop"]);
    b.components()
        .transforms
        .get_mut("Print")
        .unwrap()
        .inputs
        .insert("in".to_owned(), joined.to_owned());
    check(
        &b,
        &expect![
            "the graph has a cycle: transform `Print` → transform `Loop` → transform `Joined` → transform `Print`"
        ],
    );

    let mut b = sound();
    b.collection("Self", "kv");
    b.transform("Self", par_do, &[("in", "Self")], &[("out", "Self")]);
    check(&b, &expect!["the graph has a cycle: transform `Self` → transform `Self`"]);

    let mut b = sound();
    b.coder("kv", coders::KV, &["bytes", "kv"]);
    check(&b, &expect!["coder `kv` contains itself"]);

    let mut b = sound();
    let shell = b.transform("Shell", spec("", vec![]), &[], &[]);
    shell.subtransforms.push("Shell".to_owned());
    check(&b, &expect!["transform `Shell` is inside itself or inside two composites"]);
}

#[test]
fn what_nobody_produces_or_two_do() {
    let mut b = sound();
    b.collection("Orphan", "kv");
    b.par_do("Print", "Orphan");
    b.pipeline.root_transform_ids.pop();
    check(&b, &expect!["transform `Print` reads collection `Orphan`, which no transform produces"]);
    let b = with_transform("Print", |it| {
        it.outputs.insert("out".to_owned(), "Read".to_owned());
    });
    check(
        &b,
        &expect![[r#"
        collection `Read` is produced by transform `Read` and by transform `Print`
        help: join collections with a Flatten"#]],
    );
}

#[test]
fn wrong_shapes() {
    let mut b = sound();
    b.group("Group", "Start");
    check(
        &b,
        &expect![[r#"
        transform `Group` works by key but reads `Start`, whose coder `bytes` is not of key-value pairs
        help: turn the elements into key-value pairs first"#]],
    );
    let b = with_transform("Print", |it| {
        it.inputs.insert("more".to_owned(), "Start".to_owned());
    });
    check(
        &b,
        &expect![
            "transform `Print` (`beam:transform:pardo:v1`) has 2 main inputs and 1 outputs but needs exactly one main input"
        ],
    );
    let b = with_transform("Print", |it| it.spec = Some(spec(urn::PAR_DO, vec![0xff])));
    check(
        &b,
        &expect![
            "the payload of transform `Print` is no `ParDoPayload`: failed to decode Protobuf message: invalid varint"
        ],
    );
    let b = with_transform("Print", |it| it.spec = None);
    check(
        &b,
        &expect!["transform `Print` has outputs of its own but neither a URN nor subtransforms"],
    );
    let mut b = sound();
    b.coder("kv", coders::KV, &["bytes"]);
    check(&b, &expect!["coder `kv` (`beam:coder:kv:v1`) has 1 components but needs 2"]);
    let mut b = sound();
    b.pipeline.root_transform_ids.clear();
    check(
        &b,
        &expect![[r#"
        the pipeline has transforms but names no root transform
        help: list the outermost transforms in `root_transform_ids`"#]],
    );
    let mut b = sound();
    b.par_do("purlin:mine", "Read");
    check(
        &b,
        &expect!["the id `purlin:mine` begins with `purlin:`, which is reserved for the planner"],
    );
}

#[test]
fn windows_that_a_flatten_cannot_join() {
    let mut b = sound();
    b.windowing = "fixed";
    let windowed = b.par_do("Windowed", "Read");
    b.flatten("Flatten", &["Read", windowed]);
    check(
        &b,
        &expect![[r#"
        transform `Flatten` joins `Read` into `Flatten`, but their windows have different coders
        help: window all its inputs alike"#]],
    );
}

#[test]
fn what_is_not_implemented() {
    let mut b = sound();
    b.pipeline.requirements.push("beam:requirement:magic:v1".to_owned());
    check(
        &b,
        &expect!["the pipeline requires `beam:requirement:magic:v1`, which is not implemented"],
    );
    let b = with_transform("Print", |it| {
        it.spec = Some(spec("my:sink:v1", vec![]));
        it.environment_id.clear();
    });
    check(
        &b,
        &expect![[r#"
        transform `Print` has URN `my:sink:v1`, which is not implemented, and names no environment that executes it
        help: submit the transform with its expansion into known transforms"#]],
    );
    let mut b = sound();
    b.coder("timer", coders::TIMER, &["bytes", "global_window"]);
    let payload = ParDoPayload { restriction_coder_id: "bytes".to_owned(), ..stateful() };
    b.par_do_with("Both", "Read", "kv", &payload);
    check(
        &b,
        &expect![[r#"
        transform `Both` is splittable and has state or timers
        help: split it into a splittable and a stateful transform"#]],
    );
}

#[test]
fn depth_is_no_danger() {
    let mut b = sound();
    const DEPTH: usize = 50_000;
    for depth in 0..DEPTH {
        b.coder(&format!("c{depth}"), coders::ITERABLE, &[&format!("c{}", depth + 1)]);
        let shell =
            PTransform { subtransforms: vec![format!("t{}", depth + 1)], ..Default::default() };
        b.components().transforms.insert(format!("t{depth}"), shell);
    }
    b.coder(&format!("c{DEPTH}"), "my:coder", &[]);
    let inner = b.components().transforms.remove("Print").unwrap();
    b.components().transforms.insert(format!("t{DEPTH}"), inner);
    b.pipeline.root_transform_ids.retain(|id| id != "Print");
    b.pipeline.root_transform_ids.push("t0".to_owned());
    b.components().pcollections.get_mut("Read").unwrap().coder_id = "c0".to_owned();
    assert_eq!(b.plan(&crate::plan::PlanOptions::default()).stages.len(), 2);
}

#[test]
fn sharing_is_no_danger() {
    let mut b = sound();
    for depth in 0..100 {
        let next = format!("c{}", depth + 1);
        b.coder(&format!("c{depth}"), coders::KV, &[&next, &next]);
    }
    b.coder("c100", "my:coder", &[]);
    b.components().pcollections.get_mut("Read").unwrap().coder_id = "c0".to_owned();
    assert!(b.explain().len() < 10_000);
}
