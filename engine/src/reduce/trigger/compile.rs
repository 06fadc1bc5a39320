//! From the message to the array of nodes.

use purlin_proto::pipeline as proto;
use purlin_proto::pipeline::trigger::Trigger as Proto;
use purlin_sdk::exec::Failure;

use super::super::clocks::TimerDomain;
use super::transform::Transform;
use super::{Kind, Node};

type Result<T> = std::result::Result<T, Box<Failure>>;

/// The nodes of a trigger in preorder. A strategy without a trigger has the default one.
pub(super) fn compile(trigger: Option<&proto::Trigger>) -> Result<Vec<Node>> {
    let mut nodes = Vec::new();
    match trigger {
        Some(trigger) => add(trigger, &mut nodes)?,
        None => leaf(Kind::Default, &mut nodes),
    }
    Ok(nodes)
}

// Its depth is bounded, since a message of more than a hundred levels cannot be decoded.
fn add(trigger: &proto::Trigger, nodes: &mut Vec<Node>) -> Result<()> {
    let unknown = || Failure::new("a trigger is of a kind that Purlin does not know");
    match trigger.trigger.as_ref().ok_or_else(unknown)? {
        Proto::Default(_) => leaf(Kind::Default, nodes),
        Proto::Never(_) => leaf(Kind::Never, nodes),
        Proto::Always(_) => leaf(Kind::Always, nodes),
        Proto::ElementCount(count) => leaf(Kind::Count(element_count(count)?), nodes),
        Proto::AfterProcessingTime(after) => {
            let transforms = after.timestamp_transforms.iter().map(Transform::new);
            let transforms = transforms.collect::<Result<_>>()?;
            leaf(Kind::Delay(TimerDomain::Processing, transforms), nodes);
        }
        Proto::AfterSynchronizedProcessingTime(_) => {
            let domain = TimerDomain::Synchronized;
            leaf(Kind::Delay(domain, Vec::new()), nodes);
        }
        Proto::AfterEndOfWindow(after) => end_of_window(after, nodes)?,
        Proto::AfterEach(each) => parent(Kind::Each, &some(&each.subtriggers)?, nodes)?,
        Proto::AfterAll(all) => parent(Kind::All, &some(&all.subtriggers)?, nodes)?,
        Proto::AfterAny(any) => parent(Kind::Any, &some(&any.subtriggers)?, nodes)?,
        Proto::OrFinally(or) => {
            let children = [one(or.main.as_deref())?, one(or.finally.as_deref())?];
            parent(Kind::OrFinally, &children, nodes)?;
        }
        Proto::Repeat(repeat) => {
            parent(Kind::Repeat, &[one(repeat.subtrigger.as_deref())?], nodes)?;
        }
    }
    Ok(())
}

fn leaf(kind: Kind, nodes: &mut Vec<Node>) {
    let end = nodes.len() + 1;
    nodes.push(Node { kind, end });
}

fn parent(kind: Kind, children: &[&proto::Trigger], nodes: &mut Vec<Node>) -> Result<()> {
    let id = nodes.len();
    leaf(kind, nodes);
    children.iter().try_for_each(|child| add(child, nodes))?;
    nodes[id].end = nodes.len();
    Ok(())
}

fn end_of_window(after: &proto::trigger::AfterEndOfWindow, nodes: &mut Vec<Node>) -> Result<()> {
    let never = proto::Trigger { trigger: Some(Proto::Never(proto::trigger::Never {})) };
    let (early, late) = (after.early_firings.as_deref(), after.late_firings.as_deref());
    if early.is_none() && late.is_none() {
        leaf(Kind::EndOfWindow, nodes);
        return Ok(());
    }
    let children: Vec<_> = [Some(early.unwrap_or(&never)), late].into_iter().flatten().collect();
    parent(Kind::EarlyAndLate { has_late: late.is_some() }, &children, nodes)
}

fn element_count(count: &proto::trigger::ElementCount) -> Result<u64> {
    u64::try_from(count.element_count).map_err(|_| {
        let count = count.element_count;
        Failure::new(format!("a trigger waits for {count} elements, which is negative"))
    })
}

fn some(children: &[proto::Trigger]) -> Result<Vec<&proto::Trigger>> {
    match children {
        [] => Err(Failure::new("a trigger is made of others, but of none")),
        _ => Ok(children.iter().collect()),
    }
}

fn one(child: Option<&proto::Trigger>) -> Result<&proto::Trigger> {
    child.ok_or_else(|| Failure::new("a trigger lacks the one that it is made of"))
}
