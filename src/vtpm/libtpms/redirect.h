// What our private libtpms calls instead of OpenSSL's and libc's functions of the same name
// (private_archive.cmake).
#ifndef SVSM_SRC_VTPM_LIBTPMS_REDIRECT_H_
#define SVSM_SRC_VTPM_LIBTPMS_REDIRECT_H_

#include <openssl/des.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "svsm/core/status.h"

namespace svsm::vtpm {
extern "C" {
// Seeds the TPM's own DRBG.
int svsm_libtpms_RAND_bytes(unsigned char* out, int size);
// The TPM has nothing to tell the host's generator.
void svsm_libtpms_RAND_add(const void* data, int size, double entropy);
// The TPM's last resort when RAND_bytes fails. Nothing that comes of it leaves: the engine answers
// with failure.
int svsm_libtpms_rand();
void svsm_libtpms_srand(unsigned seed);
// Wipes what WipeWhenFreed() named.
void svsm_libtpms_free(void* memory);
// Print nothing. Not declared in full, since none of their arguments is looked at.
int svsm_libtpms_dprintf(int descriptor, ...);
int svsm_libtpms_vdprintf(int descriptor, ...);
int svsm_libtpms_dprintf_chk(int descriptor, ...);
int svsm_libtpms_vdprintf_chk(int descriptor, ...);
// Keys that carry our context, so that generating them and signing with them draws from our Rng.
EC_KEY* svsm_libtpms_EC_KEY_new();
EVP_PKEY_CTX* svsm_libtpms_EVP_PKEY_CTX_new(EVP_PKEY* key, ENGINE* engine);
int svsm_libtpms_RSA_generate_key_ex(RSA* rsa, int bits, BIGNUM* exponent, BN_GENCB* callback);
int svsm_libtpms_DES_random_key(DES_cblock* key);
// OpenSSL's named curve where the parameters are one's: its code is several times faster.
EC_GROUP* svsm_libtpms_EC_GROUP_new_curve_GFp(const BIGNUM* p, const BIGNUM* a, const BIGNUM* b,
                                              BN_CTX* bn);
}  // extern "C"

// This memory, which libtpms will free as the next of its kind, holds a state: it is wiped then.
void WipeWhenFreed(const void* memory, std::size_t size);

// Makes what the functions above stand on. Call before libtpms runs. Errors: kInternal
// (Source::kOpenssl).
Status PrepareRedirection();

}  // namespace svsm::vtpm

#endif  // SVSM_SRC_VTPM_LIBTPMS_REDIRECT_H_
