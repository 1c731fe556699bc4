//! A graph of ONNX operators while it grows.

use super::protobuf::Message;
use crate::data::Labels;
use ndarray::{ArrayBase, Data, Dimension};

/// The elements of a tensor: `TensorProto.DataType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Byte = 2,
    Int64 = 7,
    Text = 8,
    Boolean = 9,
    Double = 11,
}

/// A tensor of a graph: what one operator puts out and others take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge(String);

/// Operators in the order in which they are computed, and the constants that they take.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: Vec<Message>,
    constants: Vec<Message>,
    trees: bool,
}

/// What a step of an exported pipeline answers, for rows of the shape `(rows, columns)`.
#[derive(Debug)]
pub enum Answer {
    /// `(rows,)`.
    Values(Edge),
    /// `(rows, targets)`, of so many targets.
    Columns(Edge, usize),
    /// `(rows, classes)`.
    Probabilities(Edge),
    /// `(rows, clusters)`, of so many clusters.
    Distances(Edge, usize),
}

/// What an operator is told beside its inputs.
#[derive(Clone, Debug)]
pub(super) enum Attribute<'a> {
    Integer(i64),
    Integers(&'a [i64]),
    Doubles(&'a [f64]),
    Bytes(&'a [u8]),
}

impl Edge {
    /// The tensor of this name, from outside.
    pub(super) fn named(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl Graph {
    /// A constant of numbers.
    pub(in crate::model) fn array<S: Data<Elem = f64>, D: Dimension>(&mut self, array: &ArrayBase<S, D>) -> Edge {
        let shape: Vec<i64> = array.shape().iter().map(|length| *length as i64).collect();
        let bytes: Vec<u8> = array.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(|name| tensor(name, &shape, Element::Double).data(RAW_DATA, bytes))
    }

    /// A constant of one number.
    pub(in crate::model) fn number(&mut self, value: f64) -> Edge {
        self.array(&ndarray::arr0(value))
    }

    /// A constant of whole numbers.
    pub(in crate::model) fn integers(&mut self, values: &[i64]) -> Edge {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(|name| tensor(name, &[values.len() as i64], Element::Int64).data(RAW_DATA, bytes))
    }

    /// A constant of labels, and what they are.
    pub(super) fn labels(&mut self, labels: &Labels) -> (Edge, Element) {
        let shape = [labels.len() as i64];
        match labels {
            Labels::Integer(labels) => (self.integers(labels), Element::Int64),
            Labels::Boolean(labels) => {
                let bytes: Vec<u8> = labels.iter().map(|label| u8::from(*label)).collect();
                let edge = self.constant(|name| tensor(name, &shape, Element::Boolean).data(RAW_DATA, bytes));
                (edge, Element::Boolean)
            }
            Labels::Text(labels) => {
                let texts = |message, label: &String| Message::bytes(message, STRING_DATA, label);
                let edge = self.constant(|name| labels.iter().fold(tensor(name, &shape, Element::Text), texts));
                (edge, Element::Text)
            }
        }
    }

    fn constant(&mut self, make: impl FnOnce(&str) -> Message) -> Edge {
        let name = format!("constant_{}", self.constants.len());
        self.constants.push(make(&name));
        Edge(name)
    }

    /// What an operator of ONNX makes of these.
    pub(in crate::model) fn apply(&mut self, operator: &str, inputs: &[&Edge]) -> Edge {
        self.told(operator, inputs, &[])
    }

    /// The same along an axis.
    pub(in crate::model) fn along(&mut self, operator: &str, axis: i64, inputs: &[&Edge]) -> Edge {
        self.told(operator, inputs, &[("axis", Attribute::Integer(axis))])
    }

    /// The same where the numbers of each row become one.
    pub(in crate::model) fn first(&mut self, operator: &str, input: &Edge) -> Edge {
        self.told(operator, &[input], &[("axis", Attribute::Integer(1)), ("keepdims", Attribute::Integer(0))])
    }

    /// Sums over an axis that is no more.
    pub(in crate::model) fn summed(&mut self, axis: i64, input: &Edge) -> Edge {
        let axes = self.integers(&[axis]);
        self.told("ReduceSum", &[input, &axes], &[("keepdims", Attribute::Integer(0))])
    }

    /// The numbers as whole ones.
    pub(in crate::model) fn whole(&mut self, input: &Edge) -> Edge {
        self.told("Cast", &[input], &[("to", Attribute::Integer(Element::Int64 as i64))])
    }

    /// 1 where the input is true, 0 elsewhere.
    pub(in crate::model) fn numbers(&mut self, input: &Edge) -> Edge {
        self.told("Cast", &[input], &[("to", Attribute::Integer(Element::Double as i64))])
    }

    /// Columns at these places, in their order.
    pub(in crate::model) fn columns(&mut self, features: &Edge, places: &[usize]) -> Edge {
        let places: Vec<i64> = places.iter().map(|place| *place as i64).collect();
        let places = self.integers(&places);
        self.along("Gather", 1, &[features, &places])
    }

    /// `1 - p` and `p` for scores of the shape `(rows, 1)`: the probabilities of two classes.
    pub(in crate::model) fn of_two_classes(&mut self, score: &Edge) -> Edge {
        let other = self.apply("Neg", &[score]);
        let (other, one) = (self.apply("Sigmoid", &[&other]), self.apply("Sigmoid", &[score]));
        self.along("Concat", 1, &[&other, &one])
    }

    /// The probabilities of scores of the shape `(rows, classes)`. A score that overflowed counts as the largest number there is.
    pub(in crate::model) fn of_classes(&mut self, scores: &Edge) -> Edge {
        let (least, most) = (self.number(f64::MIN / 2.0), self.number(f64::MAX / 2.0));
        let scores = self.apply("Clip", &[scores, &least, &most]);
        self.along("Softmax", 1, &[&scores])
    }

    /// An operator with attributes.
    pub(super) fn told(&mut self, operator: &str, inputs: &[&Edge], attributes: &[(&str, Attribute<'_>)]) -> Edge {
        let output = format!("{}_{}", operator.to_ascii_lowercase(), self.nodes.len());
        let node = node(operator, inputs, &output, attributes);
        self.nodes.push(node);
        Edge(output)
    }

    /// Several trees, a number of each for each row: `(rows, trees)`. It is an operator of the domain `ai.onnx.ml`.
    pub(super) fn trees(&mut self, features: &Edge, attributes: &[(&str, Attribute<'_>)]) -> Edge {
        self.trees = true;
        let output = format!("treeensemble_{}", self.nodes.len());
        let node = node("TreeEnsemble", &[features], &output, attributes).bytes(7, ML_DOMAIN);
        self.nodes.push(node);
        Edge(output)
    }

    /// Gives a tensor a name for those who ask the graph.
    pub(super) fn rename(&mut self, edge: &Edge, name: &str) {
        let node = node("Identity", &[edge], name, &[]);
        self.nodes.push(node);
    }

    /// The graph with its domains, from `features` to `outputs`: their names, elements and shapes.
    pub(super) fn into_model(self, name: &str, features: Message, outputs: Vec<Message>) -> Message {
        let graph = Message::default().messages(1, self.nodes).bytes(2, name).messages(5, self.constants);
        let graph = graph.message(11, features).messages(12, outputs);
        let operators = |domain: &str, version| Message::default().bytes(1, domain).integer(2, version);
        let version = if self.trees { IR_VERSION_WITH_TREES } else { IR_VERSION };
        let model = Message::default().integer(1, version).message(7, graph).message(8, operators("", OPSET));
        if self.trees { model.message(8, operators(ML_DOMAIN, ML_OPSET)) } else { model }
    }
}

/// What the operators are those of. Documented: docs/onnx.md.
const OPSET: i64 = 13;
const IR_VERSION: i64 = 8;
const ML_DOMAIN: &str = "ai.onnx.ml";
/// The first one whose trees are in doubles throughout.
const ML_OPSET: i64 = 5;
const IR_VERSION_WITH_TREES: i64 = 10;

/// Fields of `TensorProto`.
const STRING_DATA: u64 = 6;
const RAW_DATA: u64 = 9;

fn tensor(name: &str, shape: &[i64], element: Element) -> Message {
    Message::default().integers(1, shape).integer(2, element as i64).bytes(8, name)
}

fn node(operator: &str, inputs: &[&Edge], output: &str, attributes: &[(&str, Attribute<'_>)]) -> Message {
    let inputs = inputs.iter().fold(Message::default(), |message, input| message.bytes(1, &input.0));
    let named = inputs.bytes(2, output).bytes(3, output).bytes(4, operator);
    attributes.iter().fold(named, |message, (name, value)| message.message(5, attribute(name, value)))
}

/// An `AttributeProto`: its name, its value, and of what type that is.
fn attribute(name: &str, value: &Attribute<'_>) -> Message {
    let message = Message::default().bytes(1, name);
    let of_tensor = |tensor: Message| message.clone().message(5, tensor).integer(20, 4);
    match value {
        Attribute::Integer(value) => message.integer(3, *value).integer(20, 2),
        Attribute::Integers(values) => message.integers(8, values).integer(20, 7),
        Attribute::Doubles(values) => {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            of_tensor(tensor(name, &[values.len() as i64], Element::Double).data(RAW_DATA, bytes))
        }
        Attribute::Bytes(values) => {
            of_tensor(tensor(name, &[values.len() as i64], Element::Byte).bytes(RAW_DATA, values))
        }
    }
}

/// A `ValueInfoProto`: a tensor with so many rows as there are, and so many columns if it has any.
pub(super) fn stated(name: &str, element: Element, columns: Option<usize>) -> Message {
    let shape = Message::default().message(1, Message::default().bytes(2, "rows"));
    let shape = match columns {
        None => shape,
        Some(columns) => shape.message(1, Message::default().integer(1, columns as i64)),
    };
    let tensor = Message::default().integer(1, element as i64).message(2, shape);
    Message::default().bytes(1, name).message(2, Message::default().message(1, tensor))
}
