#include "cocoonfs/keys.h"

#include "svsm/core/writer.h"
#include "svsm/crypto/kdf.h"

namespace svsm::cocoonfs {
namespace {

constexpr auto kMagic = Ascii("COCOONFS");
constexpr std::uint16_t kCbcMode =
    0x0042;  // TCG number of the mode, part of the root key's context
constexpr std::size_t kMaxContextBytes = 27 + kMaxSaltSize;

Status NotSupported(std::uint16_t tcg_id) {
  return Status(Code::kUnsupported, Source::kCocoonfs, tcg_id);
}

}  // namespace

Status KeySet::Init(const ImageLayout& layout, ByteView salt, ByteView user_key) {
  for (const crypto::HashAlg hash : {layout.node_hash, layout.data_hash, layout.root_hash,
                                     layout.preauth_hash, layout.kdf_hash}) {
    if (!symmetric_.Supports(hash)) return NotSupported(TcgId(hash));
  }
  if (!symmetric_.Supports(layout.cipher)) return NotSupported(TcgId(layout.cipher));
  if (!symmetric_.Supports(crypto::HashAlg::kSha512)) {
    return NotSupported(TcgId(crypto::HashAlg::kSha512));
  }

  Bytes<kMaxContextBytes> buffer{};
  wire::Writer w(buffer);
  w.Put(kMagic);
  w.U8(kFormatVersion);
  w.Be16(TcgId(layout.kdf_hash));
  w.Be16(TcgId(layout.root_hash));
  w.Be16(TcgId(layout.node_hash));
  w.Be16(TcgId(layout.data_hash));
  w.Be16(TcgId(layout.preauth_hash));
  w.Be16(kCbcMode);
  w.Be16(TcgId(layout.cipher));
  w.Be16(layout.key_bits);
  w.U8(static_cast<std::uint8_t>(salt.size()));
  w.Put(salt);
  SVSM_ASSIGN_OR_RETURN(const ByteView context, w.Finish());

  layout_ = layout;
  SVSM_ASSIGN_OR_RETURN(crypto::Hmac* const root_kdf,
                        symmetric_.NewHmac(crypto::HashAlg::kSha512, allocator_));
  const OwnedHmac owner(root_kdf, symmetric_, allocator_);
  const Bytes<1> label = {static_cast<std::uint8_t>(KeyPurpose::kDerive)};
  Secret<crypto::kMaxDigestSize> root;
  const ByteSpan root_key = root.writable().first(crypto::DigestSize(layout.kdf_hash));
  SVSM_TRY(crypto::KdfA(*root_kdf, user_key, label, context, ByteView(), root_key));
  SVSM_ASSIGN_OR_RETURN(crypto::Hmac* const kdf, symmetric_.NewHmac(layout.kdf_hash, allocator_));
  kdf_ = OwnedHmac(kdf, symmetric_, allocator_);
  return kdf_->SetKey(root_key);
}

Status KeySet::Derive(KeyPurpose purpose, std::uint64_t domain, Subdomain subdomain, ByteSpan out) {
  Bytes<12> context{};
  wire::Writer w(context);
  w.Le64(domain);
  w.Le32(static_cast<std::uint32_t>(subdomain));
  const Bytes<1> label = {static_cast<std::uint8_t>(purpose)};
  return crypto::KdfA(*kdf_, label, context, ByteView(), out);
}

crypto::HashAlg KeySet::HashFor(KeyPurpose purpose) const {
  switch (purpose) {
    case KeyPurpose::kAuthRoot:
      return layout_.root_hash;
    case KeyPurpose::kAuthData:
      return layout_.data_hash;
    case KeyPurpose::kPreauth:
      return layout_.preauth_hash;
    default:
      return layout_.kdf_hash;
  }
}

Result<OwnedCipher> KeySet::NewCipher(std::uint64_t domain, Subdomain subdomain) {
  OwnedCipher owned;
  SVSM_TRY(Rekey(owned, domain, subdomain));
  return owned;
}

Status KeySet::Rekey(OwnedCipher& cipher, std::uint64_t domain, Subdomain subdomain) {
  if (!cipher) {
    SVSM_ASSIGN_OR_RETURN(crypto::BlockCipher* const made,
                          symmetric_.NewBlockCipher(layout_.cipher, allocator_));
    cipher = OwnedCipher(made, symmetric_, allocator_);
  }
  Secret<crypto::kMaxCipherKeySize> key;
  const ByteSpan used = key.writable().first(layout_.cipher_key_bytes());
  Status status = Derive(KeyPurpose::kEncrypt, domain, subdomain, used);
  if (status.ok()) status = cipher->SetKey(used);
  if (!status.ok()) cipher->Wipe();
  return status;
}

Result<OwnedHmac> KeySet::NewHmac(KeyPurpose purpose, std::uint64_t domain, Subdomain subdomain) {
  const crypto::HashAlg alg = HashFor(purpose);
  Secret<crypto::kMaxDigestSize> key;
  const ByteSpan used = key.writable().first(crypto::DigestSize(alg));
  SVSM_TRY(Derive(purpose, domain, subdomain, used));
  SVSM_ASSIGN_OR_RETURN(crypto::Hmac* const hmac, symmetric_.NewHmac(alg, allocator_));
  OwnedHmac owned(hmac, symmetric_, allocator_);
  SVSM_TRY(hmac->SetKey(used));
  return owned;
}

}  // namespace svsm::cocoonfs
