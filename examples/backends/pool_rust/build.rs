//! Lays the manifest beside the library, where sage-host looks for it.
use std::{env, fs, path::PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=pool_rust.toml");
    // Unmapping a library whose threads have destructors would crash the process.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    // OUT_DIR is target/release/build/<crate>/out.
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
    let library_dir = out.ancestors().nth(3).expect("OUT_DIR lies below the library's folder");
    fs::copy("pool_rust.toml", library_dir.join("pool_rust.toml")).expect("the manifest can be copied");
}
