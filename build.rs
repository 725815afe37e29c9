fn main() {
    napi_build::setup();
    // Assembly of AV1's decoder takes the addresses of Rust's tables as of symbols that nothing outside replaces, which
    // arm64's linkers refuse otherwise. Nor should another library in the process replace them, such as dav1d's own.
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-Bsymbolic");
    }
    // napi-derive writes into this folder but does not make it; without it there are no type definitions, and no more.
    if let Some(folder) = std::env::var_os("NAPI_TYPE_DEF_TMP_FOLDER") {
        _ = std::fs::create_dir_all(folder);
    }
}
