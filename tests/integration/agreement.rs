//! What a client trains through the server is what linfa fits in process on the same rows.

use crate::harness::{TestServer, fixture};
use crate::stock::{Clients, state, step};
use approx::assert_relative_eq;
use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use modelwire::data::{Column, Table, Values};
use modelwire::wire::inference::{PredictRequest, TInferenceSyncClient};
use modelwire::wire::training::{TTrainingSyncClient, TrainRequest};
use modelwire::wire::{convert, empty};
use ndarray::{Array1, Array2};

/// Header, numbers of all columns but the last, and the last column as text.
fn read(name: &str) -> (Vec<String>, Array2<f64>, Vec<String>) {
    let mut file = csv::Reader::from_path(fixture(name)).unwrap();
    let names: Vec<String> = file.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<Vec<String>> = file.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    let n_features = names.len() - 1;
    let numbers = rows.iter().flat_map(|row| row[..n_features].iter().map(|cell| cell.parse().unwrap()));
    let features = Array2::from_shape_vec((rows.len(), n_features), numbers.collect()).unwrap();
    (names, features, rows.into_iter().map(|mut row| row.pop().unwrap()).collect())
}

fn columns(names: &[String], features: &Array2<f64>) -> Vec<Column> {
    names.iter().zip(features.columns()).map(|(name, column)| Column::float(name, column.to_vec())).collect()
}

/// Trains a model of one step by this name on these columns, the last of which is the target.
fn train(clients: &mut Clients, algorithm: &str, columns: Vec<Column>) {
    let target = columns.last().map(|column| column.name.clone());
    let table = Table::new(columns).unwrap();
    let request = TrainRequest {
        model: Some(algorithm.into()),
        steps: Some(vec![step(algorithm)]),
        table: Some(convert::table_to(&table)),
        target,
        ..empty()
    };
    let job = clients.training.train(request).unwrap().job.unwrap();
    let job = clients.wait(&job.id.unwrap()).unwrap();
    assert_eq!(state(&job), "SUCCEEDED", "{job:?}");
}

#[test]
fn linear_regression_of_diabetes_predicts_what_linfa_predicts() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let mut clients = Clients::of(&server);
    let (names, features, progression) = read("diabetes.csv");
    let targets: Array1<f64> = progression.iter().map(|cell| cell.parse::<f64>().unwrap()).collect();
    let mut table = columns(&names, &features);
    table.push(Column::float("progression", targets.to_vec()));
    train(&mut clients, "linear_regression", table);

    let reply = clients.predict("linear_regression", convert::matrix_to(features.view())).unwrap();

    let predicted = convert::matrix_from(reply.values.unwrap()).unwrap();
    let linfa = linfa_linear::LinearRegression::new().fit(&DatasetBase::new(features.view(), targets)).unwrap();
    for (ours, theirs) in predicted.iter().zip(&linfa.predict(&features)) {
        assert_relative_eq!(*ours, *theirs, max_relative = 1e-9);
    }
}

#[test]
fn logistic_regression_of_iris_scores_at_least_95_percent_on_rows_that_it_has_not_seen() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let mut clients = Clients::of(&server);
    let (names, features, species) = read("iris.csv");
    let (held_out, taught): (Vec<usize>, Vec<usize>) = (0..150).partition(|row| row % 3 == 0);
    let rows = |which: &[usize]| columns(&names, &features.select(ndarray::Axis(0), which));
    let labels = |which: &[usize]| which.iter().map(|row| species[*row].clone()).collect::<Vec<_>>();
    let table = [rows(&taught), vec![Column::text("species", &labels(&taught))]].concat();
    train(&mut clients, "logistic_regression", table);

    let table = Some(convert::table_to(&Table::new(rows(&held_out)).unwrap()));
    let request = PredictRequest { model: Some("logistic_regression".into()), table, ..empty() };
    let reply = clients.inference.predict(request).unwrap();

    let Values::Text(predicted) = convert::column_from(reply.labels.unwrap()).unwrap().values else {
        panic!("no text")
    };
    let right = predicted.iter().zip(labels(&held_out)).filter(|(ours, truth)| ours == &Some(truth.as_str())).count();
    println!("{right} of {} are right", held_out.len());
    assert!(right as f64 >= 0.95 * held_out.len() as f64, "{right} of {} are right", held_out.len());
}
