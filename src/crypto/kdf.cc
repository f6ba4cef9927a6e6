#include "svsm/crypto/kdf.h"

#include <cstdint>

#include "svsm/core/result.h"
#include "svsm/core/secret.h"
#include "svsm/core/wire.h"

namespace svsm::crypto {

namespace {

// Fills `out` with the concatenation of fn(i, digest) for i = 1, 2, ...
template <typename Fn>
Status FillFromBlocks(std::size_t digest_size, ByteSpan out, Fn fn) {
  Secret<kMaxDigestSize> digest;
  std::uint32_t counter = 1;
  ByteSpan rest = out;
  while (!rest.empty()) {
    const wire::Be32 number(counter++);
    const Bytes<4> prefix = wire::ToBytes(number);
    const ByteSpan block = ByteSpan(digest.writable()).first(digest_size);
    if (const Status status = fn(prefix, block); !status.ok()) {
      Wipe(out);
      return status;
    }
    const std::size_t size = rest.size() < digest_size ? rest.size() : digest_size;
    Copy(rest, ByteView(block).first(size));
    rest = rest.subspan(size);
  }
  return OkStatus();
}

bool TooMuch(std::span<const ByteView> parts, ByteSpan out) {
  return parts.size() > kMaxKdfParts || out.size() > kMaxKdfOutputSize;
}

Status Refuse(ByteSpan out) {
  Wipe(out);
  return Status(Code::kInvalidArgument, Source::kCrypto);
}

}  // namespace

Status KbkdfCounter(Hmac& hmac, std::span<const ByteView> fixed_input, ByteSpan out) {
  if (TooMuch(fixed_input, out)) return Refuse(out);
  ByteView parts[1 + kMaxKdfParts];
  for (std::size_t i = 0; i < fixed_input.size(); ++i) parts[1 + i] = fixed_input[i];
  return FillFromBlocks(
      DigestSize(hmac.algorithm()), out, [&](const Bytes<4>& counter, ByteSpan block) {
        parts[0] = counter;
        return hmac.Compute(std::span<const ByteView>(parts, 1 + fixed_input.size()), block);
      });
}

Status KbkdfCounter(Hmac& hmac, ByteView key, std::span<const ByteView> fixed_input, ByteSpan out) {
  if (TooMuch(fixed_input, out)) return Refuse(out);
  Status status = hmac.SetKey(key);
  if (status.ok()) {
    status = KbkdfCounter(hmac, fixed_input, out);
  } else {
    Wipe(out);
  }
  hmac.Wipe();
  return status;
}

Status KdfA(Hmac& hmac, ByteView label, ByteView context_u, ByteView context_v, ByteSpan out) {
  if (out.size() > kMaxKdfOutputSize) return Refuse(out);
  const std::uint8_t nul = 0;
  const wire::Be32 bits(static_cast<std::uint32_t>(out.size() * 8));
  const Bytes<4> bits_bytes = wire::ToBytes(bits);
  const ByteView fixed_input[] = {label, ByteView(&nul, 1), context_u, context_v, bits_bytes};
  return KbkdfCounter(hmac, fixed_input, out);
}

Status KdfA(Hmac& hmac, ByteView key, ByteView label, ByteView context_u, ByteView context_v,
            ByteSpan out) {
  if (out.size() > kMaxKdfOutputSize) return Refuse(out);
  Status status = hmac.SetKey(key);
  if (status.ok()) {
    status = KdfA(hmac, label, context_u, context_v, out);
  } else {
    Wipe(out);
  }
  hmac.Wipe();
  return status;
}

Status ConcatKdf(const Hash& hash, ByteView z, std::span<const ByteView> other_info, ByteSpan out) {
  if (TooMuch(other_info, out)) return Refuse(out);
  ByteView parts[2 + kMaxKdfParts];
  parts[1] = z;
  for (std::size_t i = 0; i < other_info.size(); ++i) parts[2 + i] = other_info[i];
  return FillFromBlocks(
      DigestSize(hash.algorithm()), out, [&](const Bytes<4>& counter, ByteSpan block) {
        parts[0] = counter;
        return hash.Digest(std::span<const ByteView>(parts, 2 + other_info.size()), block);
      });
}

}  // namespace svsm::crypto
