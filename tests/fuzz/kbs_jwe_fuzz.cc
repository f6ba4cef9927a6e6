// A JWE and its header from outside: what is taken holds what its type promises.
#include <cstdlib>
#include <vector>

#include "svsm/kbs/jwe.h"
#include "svsm/kbs/secret_signature.h"

using namespace svsm;       // NOLINT(google-build-using-namespace)
using namespace svsm::kbs;  // NOLINT(google-build-using-namespace)

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void CheckKey(const std::optional<EcJwk>& key) {
  if (!key) return;
  const std::size_t size = crypto::CoordinateSize(key->curve);
  Require(key->point.x.size() == size && key->point.y.size() == size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView in(data, size);
  std::vector<std::uint8_t> workspace(size);
  if (const Result<JweMessage> jwe = DecodeJwe(in, workspace); jwe.ok()) {
    CheckKey(jwe->epk);
  } else {
    Require(jwe.status().code() != Code::kBufferTooSmall);
  }
  if (const auto signature = DecodeSecretSignature(in, workspace); signature.ok()) {
    CheckKey(signature->signer);
    std::vector<std::uint8_t> text(size + 64);
    Require(EncodeSecretSignature(*signature, text).ok());
  }
  const Result<JweHeader> header = DecodeJweHeader(in, workspace);
  if (!header.ok()) {
    Require(header.status().code() != Code::kBufferTooSmall);
    return 0;
  }
  CheckKey(header->epk);
  if (!header->epk) return 0;
  std::vector<std::uint8_t> out(size + 512);
  const Result<ByteView> text = EncodeJweHeader(*header->epk, header->svsm, out);
  Require(text.ok());
  std::vector<std::uint8_t> again(text->size());
  const Result<JweHeader> same = DecodeJweHeader(*text, again);
  Require(same.ok() && same->epk && Equal(same->svsm, header->svsm) &&
          Equal(same->epk->point.x, header->epk->point.x));
  return 0;
}
