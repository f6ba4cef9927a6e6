#include "cocoonfs/encrypted_block.h"

namespace svsm::cocoonfs {

Status DecryptBlock(crypto::BlockCipher& cipher, ByteView block, ByteSpan payload) {
  constexpr std::size_t kIv = crypto::kCipherBlockSize;
  const Status status = cipher.DecryptCbc(block.first<kIv>(), block.subspan(kIv), payload);
  if (!status.ok()) Wipe(payload);
  return status;
}

Status EncryptBlock(crypto::BlockCipher& cipher, crypto::Rng& rng, ByteView payload,
                    ByteSpan block) {
  constexpr std::size_t kIv = crypto::kCipherBlockSize;
  const ByteSpan body = block.subspan(kIv);
  Copy(body, payload);
  Fill(body.subspan(payload.size()), 0);
  Status status = rng.Generate(block.first(kIv));
  if (status.ok()) {
    status = cipher.EncryptCbc(FixedView<kIv>(block.first<kIv>()), body, body);
  }
  if (!status.ok()) Wipe(block);
  return status;
}

}  // namespace svsm::cocoonfs
