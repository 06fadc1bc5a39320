//! The settings of a broker.

use std::path::Path;

/// A process that is a broker and a controller in one.
pub(super) struct Node {
    pub(super) id: usize,
    /// Where clients and the other brokers connect.
    pub(super) port: u16,
    pub(super) controller_port: u16,
}

/// The `server.properties` of `node` in a cluster of `nodes`.
///
/// Topics are made by tests, never by a typing mistake. Internal topics have few partitions: making
/// the usual fifty takes seconds of the first consumer. Consumers of a test come one by one, and
/// waiting for more of them only delays it. Records are kept whatever their age: those of tests have
/// times of years ago, and would be removed half a minute after the start of the broker.
pub(super) fn server(node: &Node, nodes: &[Node], data: &Path) -> String {
    let replicas = nodes.len();
    let in_sync = replicas.div_ceil(2);
    let (id, port, controller_port) = (node.id, node.port, node.controller_port);
    let voters = voters(nodes);
    let data = data.display();
    format!(
        "\
process.roles=broker,controller
node.id={id}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
log.retention.ms=-1
auto.create.topics.enable=false
default.replication.factor={replicas}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={replicas}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr={in_sync}
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
"
    )
}

fn voters(nodes: &[Node]) -> String {
    let voter = |node: &Node| format!("{}@127.0.0.1:{}", node.id, node.controller_port);
    nodes.iter().map(voter).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(count: usize) -> Vec<Node> {
        let ports = (0..).map(|step| 20_000 + 2 * step);
        let ids = (1..=count).zip(ports);
        ids.map(|(id, port)| Node { id, port, controller_port: port + 1 }).collect()
    }

    #[test]
    fn three_brokers_hold_three_copies_and_two_must_agree() {
        let nodes = nodes(3);
        let text = server(&nodes[1], &nodes, Path::new("data"));
        for line in [
            "node.id=2",
            "controller.quorum.voters=1@127.0.0.1:20001,2@127.0.0.1:20003,3@127.0.0.1:20005",
            "offsets.topic.replication.factor=3",
            "min.insync.replicas=2",
            "transaction.state.log.min.isr=2",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }

    #[test]
    fn one_broker_holds_one_copy() {
        let nodes = nodes(1);
        let text = server(&nodes[0], &nodes, Path::new("data"));
        assert!(text.contains("offsets.topic.replication.factor=1\n"));
        assert!(text.contains("min.insync.replicas=1\n"));
    }
}
