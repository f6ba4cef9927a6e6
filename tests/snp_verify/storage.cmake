# A TPM judges what is wrapped for it.
if(TARGET svsm::vtpm_libtpms)
  svsm_add_test(snp_verify_storage_test
    SOURCES
      forge.cc
      key_release_test.cc
      storage_key_test.cc
      tpm_wrap_test.cc
    DEPS svsm::snp_verify svsm::snp svsm::crypto_openssl svsm::evidence svsm::vtpm_libtpms svsm::vtpm
      svsm::testing OpenSSL::Crypto)
endif()
