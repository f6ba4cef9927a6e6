// The structures that libtpms hands over are of OpenSSL's older interface.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "vtpm/libtpms/redirect.h"

#include <malloc.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstddef>
#include <cstdlib>
#include <memory>

#include "svsm/core/bytes.h"
#include "vtpm/libtpms/rand_provider.h"

namespace svsm::vtpm {
namespace {

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using PkeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using PkeyCtxPtr = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;
using BnPtr = std::unique_ptr<BIGNUM, Free<BN_clear_free>>;

// Curves that libtpms implements and OpenSSL names.
constexpr std::array kCurveNids = {NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1,
                                   NID_secp224r1, NID_X9_62_prime192v1};

struct NamedCurve {
  EC_GROUP* group = nullptr;
  BIGNUM* p = nullptr;
  BIGNUM* a = nullptr;
  BIGNUM* b = nullptr;
};
// Filled once by PrepareRedirection() and kept, like the context that it belongs to.
std::array<NamedCurve, kCurveNids.size()> g_curves;

struct {
  const void* memory = nullptr;
  std::size_t size = 0;
} g_state;

bool LoadCurve(int nid, NamedCurve& curve) {
  curve.group = EC_GROUP_new_by_curve_name_ex(RandContext(), nullptr, nid);
  curve.p = BN_new();
  curve.a = BN_new();
  curve.b = BN_new();
  return curve.group != nullptr && curve.p != nullptr && curve.a != nullptr && curve.b != nullptr &&
         EC_GROUP_get_curve(curve.group, curve.p, curve.a, curve.b, nullptr) == 1;
}

PkeyPtr GenerateRsa(int bits, BIGNUM* exponent) {
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(RandContext(), "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  if (context == nullptr || EVP_PKEY_keygen_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), bits) != 1 ||
      EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context.get(), exponent) != 1 ||
      EVP_PKEY_generate(context.get(), &key) != 1) {
    return nullptr;
  }
  return PkeyPtr(key);
}

BnPtr GetNumber(const PkeyPtr& key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key.get(), name, &number) != 1) return nullptr;
  BN_set_flags(number, BN_FLG_CONSTTIME);
  return BnPtr(number);
}

}  // namespace

void WipeWhenFreed(const void* memory, std::size_t size) { g_state = {memory, size}; }

Status PrepareRedirection() {
  if (g_curves.back().group != nullptr) return OkStatus();
  if (const Status status = PrepareRandContext(); !status.ok()) return status;
  std::array<NamedCurve, kCurveNids.size()> curves;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    if (!LoadCurve(kCurveNids[i], curves[i])) {
      ERR_clear_error();
      return Status(Code::kInternal, Source::kOpenssl);
    }
  }
  g_curves = curves;
  return OkStatus();
}

extern "C" {

int svsm_libtpms_RAND_bytes(unsigned char* out, int size) {
  if (size < 0) return 0;
  return DrawRandom(ByteSpan(out, static_cast<std::size_t>(size))).ok() ? 1 : 0;
}

void svsm_libtpms_RAND_add(const void*, int, double) {}

int svsm_libtpms_rand() {
  Bytes<2> bytes{};
  (void)DrawRandom(bytes);
  return (bytes[0] << 8 | bytes[1]) & RAND_MAX;
}

void svsm_libtpms_srand(unsigned) {}

void svsm_libtpms_free(void* memory) {
  if (memory != nullptr && memory == g_state.memory) {
    const std::size_t size = std::min(g_state.size, ::malloc_usable_size(memory));
    Wipe(ByteSpan(static_cast<std::uint8_t*>(memory), size));
    g_state = {};
  }
  std::free(memory);
}

int svsm_libtpms_dprintf(int, ...) { return 0; }
int svsm_libtpms_vdprintf(int, ...) { return 0; }
int svsm_libtpms_dprintf_chk(int, ...) { return 0; }
int svsm_libtpms_vdprintf_chk(int, ...) { return 0; }

EC_KEY* svsm_libtpms_EC_KEY_new() { return EC_KEY_new_ex(RandContext(), nullptr); }

EVP_PKEY_CTX* svsm_libtpms_EVP_PKEY_CTX_new(EVP_PKEY* key, ENGINE*) {
  return EVP_PKEY_CTX_new_from_pkey(RandContext(), key, nullptr);
}

int svsm_libtpms_RSA_generate_key_ex(RSA* rsa, int bits, BIGNUM* exponent, BN_GENCB*) {
  const PkeyPtr key = GenerateRsa(bits, exponent);
  if (key == nullptr) return 0;
  BnPtr n = GetNumber(key, OSSL_PKEY_PARAM_RSA_N);
  BnPtr e = GetNumber(key, OSSL_PKEY_PARAM_RSA_E);
  BnPtr d = GetNumber(key, OSSL_PKEY_PARAM_RSA_D);
  BnPtr p = GetNumber(key, OSSL_PKEY_PARAM_RSA_FACTOR1);
  BnPtr q = GetNumber(key, OSSL_PKEY_PARAM_RSA_FACTOR2);
  if (n == nullptr || e == nullptr || d == nullptr || p == nullptr || q == nullptr) return 0;
  // Both take the numbers over, or none of them.
  if (RSA_set0_key(rsa, n.get(), e.get(), d.get()) != 1) return 0;
  (void)n.release();
  (void)e.release();
  (void)d.release();
  if (RSA_set0_factors(rsa, p.get(), q.get()) != 1) return 0;
  (void)p.release();
  (void)q.release();
  return 1;
}

int svsm_libtpms_DES_random_key(DES_cblock* key) {
  do {
    if (!DrawRandom(ByteSpan(*key)).ok()) return 0;
    DES_set_odd_parity(key);
  } while (DES_is_weak_key(key) != 0);
  return 1;
}

EC_GROUP* svsm_libtpms_EC_GROUP_new_curve_GFp(const BIGNUM* p, const BIGNUM* a, const BIGNUM* b,
                                              BN_CTX* bn) {
  for (const NamedCurve& curve : g_curves) {
    if (BN_cmp(curve.p, p) == 0 && BN_cmp(curve.a, a) == 0 && BN_cmp(curve.b, b) == 0) {
      return EC_GROUP_dup(curve.group);
    }
  }
  return EC_GROUP_new_curve_GFp(p, a, b, bn);
}

}  // extern "C"

}  // namespace svsm::vtpm
