# svsm_kat_sources: the runner and its vectors, for the calling folder's targets.
set(svsm_kat_dir "${SVSM_ROOT}/tests/crypto/kat")
set(svsm_kat_sources "${svsm_kat_dir}/kat_runner.cc" "${svsm_kat_dir}/kat_vectors.cc")
set_source_files_properties("${svsm_kat_dir}/kat_vectors.cc" PROPERTIES
  COMPILE_DEFINITIONS "SVSM_KAT_FILE=\"${svsm_kat_dir}/vectors.bin\""
  OBJECT_DEPENDS "${svsm_kat_dir}/vectors.bin" SKIP_PRECOMPILE_HEADERS ON)
