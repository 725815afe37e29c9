fn main() {
    napi_build::setup();
    // napi-derive writes into this folder but does not make it; without it there are no type definitions, and no more.
    if let Some(folder) = std::env::var_os("NAPI_TYPE_DEF_TMP_FOLDER") {
        _ = std::fs::create_dir_all(folder);
    }
}
