//! What the host says of it: the sage-host in PATH, or the one that the variable SAGE_HOST names. Build the library first.
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where cargo lays the library: two folders above this test's own file, target/release/deps/host-....
fn built() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its file");
    test.ancestors().nth(2).expect("it lies in target/release/deps").to_path_buf()
}

fn host(args: &[&str]) {
    let program = std::env::var("SAGE_HOST").unwrap_or_else(|_| "sage-host".to_string());
    match Command::new(&program).args(args).status() {
        Ok(status) => assert!(status.success(), "{} {:?}: {}", program, args, status),
        Err(error) => eprintln!("left out: {}: {}; put sage-host into PATH or name it in SAGE_HOST", program, error),
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

#[test]
fn the_host_accepts_it() {
    host(&["plugin", "check", text(&built().join("pool_rust.toml"))]);
}

/// Fails where a result is not the one that a serial execution gives.
#[test]
fn it_runs_q1() {
    let results = built().join("results");
    host(&[
        "run", "--workload", "q1", "--backend", "pool_rust", "--quick", "--plugin-path", text(&built()), "--output-dir",
        text(&results),
    ]);
}
