//! Teaches a network batch by batch, watches its loss fall, and predicts meanwhile. `cargo test --test integration online::` runs it.

use modelwire::client::{Client, Options};
use modelwire::data::{Column, Features, Name, Table};
use modelwire::error::Result;
use modelwire::model::{StepSpec, Value};
use modelwire::training::Batch;
use ndarray::Array2;

/// Numbers from -1 to 1: a linear congruential generator (D. E. Knuth, "The art of computer programming", volume 2).
pub struct Chance(pub u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    /// Random rows of 8 features.
    fn rows(&mut self, n_samples: usize) -> Array2<f64> {
        Array2::from_shape_simple_fn((n_samples, 8), || self.next())
    }
}

/// The rows with what is to be learned of them.
fn table(features: &Array2<f64>) -> Result<Table> {
    let target = |row: ndarray::ArrayView1<'_, f64>| 2.0 * row[0] - row[1] + 0.5 * row[2].abs() + row[7];
    let y = Column::float("y", features.rows().into_iter().map(target).collect());
    let columns =
        features.columns().into_iter().enumerate().map(|(at, it)| Column::float(format!("x{at}"), it.to_vec()));
    Table::new(columns.chain([y]).collect())
}

/// The loss of each batch.
pub async fn teach(address: &str) -> Result<Vec<f64>> {
    let client = Client::connect(address, Options::default()).await?;
    let parameters = [
        ("hidden_layer_sizes".to_owned(), Value::Integers(vec![10, 20])),
        ("activation".to_owned(), Value::Text("relu".into())),
        ("learning_rate_init".to_owned(), Value::Number(0.01)),
    ];
    let network = StepSpec { algorithm: "mlp_regressor".into(), parameters: parameters.into(), columns: None };
    let (name, mut chance, mut losses) = (Name::parse("model", "online-rust")?, Chance(7), vec![]);
    for _ in 0..150 {
        let batch = Batch {
            steps: Some(vec![network.clone()]),
            target: Some("y".into()),
            publish_every: Some(10),
            ..Batch::new(name.clone(), table(&chance.rows(200))?)
        };
        let learned = client.partial_fit(&batch).await?;
        losses.extend(learned.loss);
        if let (Some(version), Some(loss)) = (learned.version, learned.loss) {
            println!("batch {}: loss {loss:.4}, version {version}", learned.batch);
        }
    }
    let prediction = client.predict("online-rust", &Features::Matrix(chance.rows(3))).await?;
    println!("{:?} by version {}", prediction.predictions, prediction.version);
    Ok(losses)
}
