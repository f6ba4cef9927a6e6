#include "cocoonfs/fill_stream.h"

namespace svsm::cocoonfs {

Status FillStream::Init(const crypto::Symmetric& symmetric, const ImageLayout& layout,
                        crypto::Rng& rng, Allocator& allocator) {
  const bool aes = symmetric.Supports(crypto::BlockCipherAlg::kAes);
  const crypto::BlockCipherAlg alg = aes ? crypto::BlockCipherAlg::kAes : layout.cipher;
  SVSM_ASSIGN_OR_RETURN(crypto::BlockCipher* const cipher,
                        symmetric.NewBlockCipher(alg, allocator));
  cipher_ = OwnedCipher(cipher, symmetric, allocator);
  Secret<16> key;
  SVSM_TRY(rng.Generate(key.writable()));
  return cipher_->SetKey(key.view());
}

Status FillStream::Fill(ByteSpan out) {
  svsm::Fill(out, 0);
  const std::size_t whole = out.size() / crypto::kCipherBlockSize * crypto::kCipherBlockSize;
  SVSM_TRY(cipher_->Ctr(counter_, out.first(whole), out.first(whole)));
  // The counter is a big-endian number.
  std::uint64_t carry = whole / crypto::kCipherBlockSize;
  for (std::size_t i = counter_.size(); i-- > 0 && carry != 0;) {
    carry += counter_[i];
    counter_[i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  return OkStatus();
}

}  // namespace svsm::cocoonfs
