#include "svsm/kbs/jwe.h"

#include "svsm/core/wire.h"
#include "svsm/crypto/kdf.h"
#include "svsm/crypto/key_wrap.h"
#include "svsm/kbs/base64.h"

namespace svsm::kbs {
namespace {

Status Refused(Code code) { return Status(code, Source::kKbs); }

Bytes<4> Size32(std::size_t size) {
  return wire::ToBytes(wire::Be32(static_cast<std::uint32_t>(size)));
}

// The key-encryption key from the shared secret (RFC 7518, 4.6.2), set in `aes`.
Status SetWrappingKey(const JwePrimitives& primitives, crypto::EcPointView peer, ByteView apu,
                      ByteView apv) {
  constexpr auto kAlgorithm = Ascii("ECDH-ES+A256KW");
  Secret<crypto::kMaxCoordinateSize> shared;
  const ByteSpan z = shared.writable().first(crypto::CoordinateSize(primitives.ecdh.curve()));
  SVSM_TRY(primitives.ecdh.Agree(peer, z));
  const Bytes<4> algorithm_size = Size32(kAlgorithm.size());
  const Bytes<4> apu_size = Size32(apu.size());
  const Bytes<4> apv_size = Size32(apv.size());
  const Bytes<4> key_bits = Size32(8 * kContentKeySize);
  const ByteView info[] = {algorithm_size, kAlgorithm, apu_size, apu, apv_size, apv, key_bits};
  Secret<kContentKeySize> wrapping_key;
  SVSM_TRY(crypto::ConcatKdf(primitives.sha256, z, info, wrapping_key.writable()));
  return primitives.aes.SetKey(wrapping_key.view());
}

Result<EcJwk> ChooseEpk(const JweHeader& header, const JweMessage& jwe, EpkPlace place) {
  if (header.epk.has_value() == jwe.epk.has_value()) return Refused(Code::kMalformed);
  if (header.epk) return *header.epk;
  if (place == EpkPlace::kProtected) return Refused(Code::kPermissionDenied);
  return *jwe.epk;
}

Status CheckSizes(const JweMessage& jwe, ByteSpan plaintext) {
  if (jwe.encrypted_key.size() != kEncryptedKeySize || jwe.iv.size() != crypto::kGcmNonceSize ||
      jwe.tag.size() != crypto::kGcmTagSize || jwe.protected_text.size() > kMaxProtectedSize) {
    return Refused(Code::kMalformed);
  }
  if (plaintext.size() < jwe.ciphertext.size()) {
    return Status(Code::kBufferTooSmall, Source::kKbs,
                  static_cast<std::uint32_t>(jwe.ciphertext.size()));
  }
  return OkStatus();
}

Status Decrypt(const JwePrimitives& primitives, const JweMessage& jwe, EpkPlace place,
               ByteSpan workspace, ByteSpan plaintext) {
  SVSM_TRY(CheckSizes(jwe, plaintext));
  SVSM_ASSIGN_OR_RETURN(const ByteView text,
                        DecodeBase64(Base64::kUrl, jwe.protected_text, workspace));
  SVSM_ASSIGN_OR_RETURN(const JweHeader header,
                        DecodeJweHeader(text, workspace.subspan(text.size())));
  SVSM_ASSIGN_OR_RETURN(const EcJwk epk, ChooseEpk(header, jwe, place));
  if (epk.curve != primitives.ecdh.curve()) return Refused(Code::kUnsupported);
  SVSM_TRY(SetWrappingKey(primitives, epk.point, header.apu, header.apv));
  Secret<kContentKeySize> content_key;
  SVSM_TRY(crypto::UnwrapKey(primitives.aes, jwe.encrypted_key, content_key.writable()));
  SVSM_TRY(primitives.aead.SetKey(content_key.view()));
  return primitives.aead.Open(jwe.iv.first<crypto::kGcmNonceSize>(), jwe.protected_text,
                              jwe.ciphertext, jwe.tag.first<crypto::kGcmTagSize>(),
                              plaintext.first(jwe.ciphertext.size()));
}

Status DrawKeys(const JwePrimitives& primitives, crypto::Rng& rng, const EcJwk& recipient,
                JweKeys& keys) {
  const std::size_t size = crypto::CoordinateSize(keys.curve);
  Secret<crypto::kMaxCoordinateSize> scalar;
  SVSM_TRY(primitives.ecdh.GenerateKey(rng, scalar.writable().first(size)));
  SVSM_TRY(primitives.ecdh.PublicKey(ByteSpan(keys.epk_x).first(size),
                                     ByteSpan(keys.epk_y).first(size)));
  SVSM_TRY(rng.Generate(keys.content_key.writable()));
  SVSM_TRY(rng.Generate(keys.iv));
  SVSM_TRY(SetWrappingKey(primitives, recipient.point, {}, {}));
  return crypto::WrapKey(primitives.aes, keys.content_key.view(), keys.encrypted_key);
}

}  // namespace

Result<ByteView> OpenJwe(const JwePrimitives& primitives, const JweMessage& jwe, EpkPlace place,
                         ByteSpan workspace, ByteSpan plaintext) {
  const Status status = Decrypt(primitives, jwe, place, workspace, plaintext);
  primitives.aes.Wipe();
  primitives.aead.Wipe();
  if (!status.ok()) {
    Wipe(plaintext);
    // One answer to whatever does not fit the key, whoever noticed.
    return status.code() == Code::kAuthFailed ? Refused(Code::kAuthFailed) : status;
  }
  return ByteView(plaintext.first(jwe.ciphertext.size()));
}

Status MakeJweKeys(const JwePrimitives& primitives, crypto::Rng& rng, const EcJwk& recipient,
                   JweKeys& keys) {
  keys.curve = primitives.ecdh.curve();
  if (recipient.curve != keys.curve) return Refused(Code::kInvalidArgument);
  const Status status = DrawKeys(primitives, rng, recipient, keys);
  primitives.ecdh.Wipe();
  primitives.aes.Wipe();
  return status;
}

Status SealJwe(crypto::Aead& aead, const JweKeys& keys, ByteView protected_text, ByteView plaintext,
               ByteSpan ciphertext, FixedSpan<crypto::kGcmTagSize> tag) {
  SVSM_TRY(aead.SetKey(keys.content_key.view()));
  const Status status = aead.Seal(keys.iv, protected_text, plaintext, ciphertext, tag);
  aead.Wipe();
  return status;
}

}  // namespace svsm::kbs
