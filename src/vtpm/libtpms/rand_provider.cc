#include "vtpm/libtpms/rand_provider.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

#include <bit>
#include <mutex>
#include <new>

namespace svsm::vtpm {
namespace {

constexpr char kProviderName[] = "svsm-rng";
constexpr char kGeneratorName[] = "SVSM-RNG";
constexpr unsigned kStrengthBits = 256;
constexpr std::size_t kMaxRequest = 1 << 16;

// The file-static that OpenSSL and libtpms leave no way around.
struct {
  std::once_flag once;
  OSSL_LIB_CTX* context = nullptr;
  crypto::Rng* rng = nullptr;
  Status failure;
} g_rand;

struct Generator {
  int state = EVP_RAND_STATE_UNINITIALISED;
};

Generator* AsGenerator(void* context) { return static_cast<Generator*>(context); }

void* NewGenerator(void*, void*, const OSSL_DISPATCH*) { return new (std::nothrow) Generator; }

void FreeGenerator(void* context) { delete AsGenerator(context); }

int Instantiate(void* context, unsigned, int, const unsigned char*, std::size_t,
                const OSSL_PARAM*) {
  AsGenerator(context)->state = EVP_RAND_STATE_READY;
  return 1;
}

int Uninstantiate(void* context) {
  AsGenerator(context)->state = EVP_RAND_STATE_UNINITIALISED;
  return 1;
}

// Additional input is OpenSSL's (time, thread): it would make the draws depend on more than the
// Rng.
int Generate(void*, unsigned char* out, std::size_t size, unsigned, int, const unsigned char*,
             std::size_t) {
  return DrawRandom(ByteSpan(out, size)).ok() ? 1 : 0;
}

// One thread at a time runs the TPM, so there is nothing to lock.
int EnableLocking(void*) { return 1; }
int LockGenerator(void*) { return 1; }
void UnlockGenerator(void*) {}

const OSSL_PARAM* GettableParams(void*, void*) {
  static const OSSL_PARAM kParams[] = {OSSL_PARAM_int(OSSL_RAND_PARAM_STATE, nullptr),
                                       OSSL_PARAM_uint(OSSL_RAND_PARAM_STRENGTH, nullptr),
                                       OSSL_PARAM_size_t(OSSL_RAND_PARAM_MAX_REQUEST, nullptr),
                                       OSSL_PARAM_END};
  return kParams;
}

int GetParams(void* context, OSSL_PARAM params[]) {
  OSSL_PARAM* state = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STATE);
  OSSL_PARAM* strength = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STRENGTH);
  OSSL_PARAM* max_request = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_MAX_REQUEST);
  const bool ok =
      (state == nullptr || OSSL_PARAM_set_int(state, AsGenerator(context)->state) == 1) &&
      (strength == nullptr || OSSL_PARAM_set_uint(strength, kStrengthBits) == 1) &&
      (max_request == nullptr || OSSL_PARAM_set_size_t(max_request, kMaxRequest) == 1);
  return ok ? 1 : 0;
}

// OpenSSL's dispatch tables hold functions without their types.
template <typename F>
void (*Untyped(F* function))() {
  return std::bit_cast<void (*)()>(function);
}

const OSSL_ALGORITHM* QueryOperation(void*, int operation, int* no_cache) {
  static const OSSL_DISPATCH kFunctions[] = {
      {OSSL_FUNC_RAND_NEWCTX, Untyped(&NewGenerator)},
      {OSSL_FUNC_RAND_FREECTX, Untyped(&FreeGenerator)},
      {OSSL_FUNC_RAND_INSTANTIATE, Untyped(&Instantiate)},
      {OSSL_FUNC_RAND_UNINSTANTIATE, Untyped(&Uninstantiate)},
      {OSSL_FUNC_RAND_GENERATE, Untyped(&Generate)},
      {OSSL_FUNC_RAND_ENABLE_LOCKING, Untyped(&EnableLocking)},
      {OSSL_FUNC_RAND_LOCK, Untyped(&LockGenerator)},
      {OSSL_FUNC_RAND_UNLOCK, Untyped(&UnlockGenerator)},
      {OSSL_FUNC_RAND_GETTABLE_CTX_PARAMS, Untyped(&GettableParams)},
      {OSSL_FUNC_RAND_GET_CTX_PARAMS, Untyped(&GetParams)},
      {0, nullptr}};
  static const OSSL_ALGORITHM kAlgorithms[] = {
      {kGeneratorName, "provider=svsm-rng", kFunctions, "a crypto::Rng"},
      {nullptr, nullptr, nullptr, nullptr}};
  *no_cache = 0;
  return operation == OSSL_OP_RAND ? kAlgorithms : nullptr;
}

int InitProvider(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH*, const OSSL_DISPATCH** out,
                 void** provider_context) {
  static const OSSL_DISPATCH kFunctions[] = {
      {OSSL_FUNC_PROVIDER_QUERY_OPERATION, Untyped(&QueryOperation)}, {0, nullptr}};
  *out = kFunctions;
  *provider_context = std::bit_cast<void*>(handle);
  return 1;
}

// The providers are loaded for the life of the context, that is of the process.
OSSL_LIB_CTX* NewRandContext() {
  OSSL_LIB_CTX* context = OSSL_LIB_CTX_new();
  if (context != nullptr && OSSL_PROVIDER_add_builtin(context, kProviderName, &InitProvider) == 1 &&
      OSSL_PROVIDER_load(context, kProviderName) != nullptr &&
      OSSL_PROVIDER_load(context, "default") != nullptr &&
      RAND_set_DRBG_type(context, kGeneratorName, nullptr, nullptr, nullptr) == 1) {
    return context;
  }
  OSSL_LIB_CTX_free(context);
  ERR_clear_error();
  return nullptr;
}

}  // namespace

Status PrepareRandContext() {
  std::call_once(g_rand.once, [] { g_rand.context = NewRandContext(); });
  return g_rand.context != nullptr ? OkStatus() : Status(Code::kInternal, Source::kOpenssl);
}

OSSL_LIB_CTX* RandContext() { return g_rand.context; }

void UseRng(crypto::Rng* rng) {
  g_rand.rng = rng;
  g_rand.failure = OkStatus();
}

Status DrawRandom(ByteSpan out) {
  const Status status = g_rand.rng != nullptr ? g_rand.rng->Generate(out)
                                              : Status(Code::kFailedPrecondition, Source::kVtpm);
  if (status.ok()) return status;
  Fill(out, 0);
  if (g_rand.failure.ok()) g_rand.failure = status;
  return status;
}

Status RngFailure() { return g_rand.failure; }

void ForgetRngFailure() { g_rand.failure = OkStatus(); }

}  // namespace svsm::vtpm
