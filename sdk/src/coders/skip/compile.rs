//! From a coder's tree to a skipper's flat operations.

use super::{Op, Skipper};
use crate::coders::model::{RowShape, Shape, WindowShape};

/// The skipper of values of this shape.
pub(super) fn compile(shape: &Shape) -> Skipper {
    let mut compiler = Compiler::default();
    let key_end = match shape {
        Shape::Pair(parts) => {
            compiler.at("kv.key", |c| c.shape(&parts.0));
            let key_end = compiler.mark();
            compiler.at("kv.value", |c| c.shape(&parts.1));
            Some(key_end)
        }
        _ => {
            compiler.shape(shape);
            None
        }
    };
    Skipper { ops: compiler.ops, paths: compiler.paths, rows: compiler.rows, key_end }
}

#[derive(Default)]
struct Compiler {
    ops: Vec<Op>,
    paths: Vec<String>,
    rows: Vec<Vec<(usize, usize)>>,
    path: Vec<String>,
    /// Operations before this one are not merged with what follows: a body or the value starts.
    barrier: usize,
}

impl Compiler {
    fn push(&mut self, op: Op) {
        if let (Op::Fixed(more), Some(Op::Fixed(length))) = (op, self.ops.last_mut())
            && self.barrier < self.paths.len()
        {
            *length += more;
            return;
        }
        self.ops.push(op);
        self.paths.push(self.path.join("."));
    }

    /// Compiles a part of a coder.
    fn at(&mut self, component: impl Into<String>, part: impl FnOnce(&mut Self)) {
        self.path.push(component.into());
        part(self);
        self.path.pop();
    }

    /// Compiles what an operation runs itself, and so says itself where it is.
    fn inside(&mut self, part: impl FnOnce(&mut Self)) {
        let path = std::mem::take(&mut self.path);
        part(self);
        self.path = path;
    }

    /// The next operation, which is kept apart from those before it.
    fn mark(&mut self) -> usize {
        self.barrier = self.ops.len();
        self.barrier
    }

    /// An operation with a body: `op` gets the number of the body's operations.
    fn body(&mut self, op: fn(usize) -> Op, body: impl FnOnce(&mut Self)) {
        self.push(op(0));
        let start = self.mark();
        body(self);
        let end = self.mark();
        self.ops[start - 1] = op(end - start);
    }

    fn items(&mut self, item: impl FnOnce(&mut Self)) {
        self.body(|body| Op::Items { body }, |c| c.inside(item));
        // Elements of one size can be skipped all at once.
        let size = match *self.ops {
            [.., Op::Items { body: 0 }] => 0,
            [.., Op::Items { body: 1 }, Op::Fixed(size)] => {
                self.pop();
                size
            }
            _ => return,
        };
        self.pop();
        self.push(Op::FixedItems(size));
        self.mark();
    }

    fn pop(&mut self) {
        self.ops.pop();
        self.paths.pop();
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Bool | Shape::Byte => self.push(Op::Fixed(1)),
            Shape::Int16 => self.push(Op::Fixed(2)),
            Shape::Float => self.push(Op::Fixed(4)),
            Shape::Double | Shape::MillisInstant => self.push(Op::Fixed(8)),
            Shape::Varint | Shape::Int32 => self.push(Op::Varint),
            // What is opaque is behind a length always.
            Shape::Bytes | Shape::Text | Shape::LengthPrefix(_) | Shape::Opaque => {
                self.push(Op::Prefixed);
            }
            Shape::Decimal => {
                self.push(Op::Varint);
                self.push(Op::Prefixed);
            }
            Shape::Window(window) => self.window(window),
            Shape::Pair(parts) => {
                self.at("kv.key", |c| c.shape(&parts.0));
                self.at("kv.value", |c| c.shape(&parts.1));
            }
            Shape::Iterable(item) | Shape::StateBacked(item) => self.items(|c| c.shape(item)),
            Shape::Map(parts) => self.items(|c| {
                c.shape(&parts.0);
                c.shape(&parts.1);
            }),
            Shape::Row(row) => self.row(row),
            Shape::Nullable(value) => {
                self.body(|body| Op::If { body }, |c| c.at("nullable", |c| c.shape(value)));
            }
            Shape::ShardedKey(key) => {
                self.at("sharded_key.shard", |c| c.push(Op::Prefixed));
                self.at("sharded_key.key", |c| c.shape(key));
            }
            Shape::Timer(key, window) => self.timer(key, window),
            Shape::Windowed(value, window) => {
                self.at("windowed_value.timestamp", |c| c.push(Op::Fixed(8)));
                self.at("windowed_value.windows", |c| c.items(|c| c.window(window)));
                self.at("windowed_value.pane", |c| c.push(Op::Pane));
                self.at("windowed_value.value", |c| c.shape(value));
            }
            Shape::ParamWindowed(value, _) => self.at("windowed_value.value", |c| c.shape(value)),
        }
    }

    fn window(&mut self, window: &WindowShape) {
        match window {
            WindowShape::Global => {}
            WindowShape::Interval => {
                self.push(Op::Fixed(8));
                self.push(Op::Varint);
            }
            WindowShape::Custom(window) => {
                self.push(Op::Fixed(8));
                self.shape(window);
            }
        }
    }

    fn row(&mut self, row: &RowShape) {
        self.push(Op::Row { row: 0, body: 0 });
        let op = self.ops.len() - 1;
        let mut fields = Vec::with_capacity(row.order.len());
        for index in &row.order {
            let field = &row.fields[*index];
            let start = self.mark();
            self.inside(|c| c.at(&*field.name, |c| c.shape(&field.shape)));
            fields.push((start, self.mark()));
        }
        self.ops[op] = Op::Row { row: self.rows.len(), body: self.ops.len() - op - 1 };
        self.rows.push(fields);
    }

    fn timer(&mut self, key: &Shape, window: &WindowShape) {
        self.at("timer.key", |c| c.shape(key));
        self.at("timer.tag", |c| c.push(Op::Prefixed));
        self.at("timer.windows", |c| c.items(|c| c.window(window)));
        self.at("timer", |c| {
            c.body(
                |body| Op::Unless { body },
                |c| {
                    c.push(Op::Fixed(16));
                    c.push(Op::Pane);
                },
            );
        });
    }
}
