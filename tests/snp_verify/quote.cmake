svsm_add_test(snp_verify_quote_test
  SOURCES
    forge.cc
    hcl_test.cc
    pcr_table_test.cc
    quote_json_test.cc
    quote_key_test.cc
    quote_signature_test.cc
    quote_test.cc
  DEPS svsm::snp_verify svsm::snp svsm::crypto_openssl svsm::evidence svsm::testing OpenSSL::Crypto)
