#include "svsm/cocoonfs/layout.h"

#include "svsm/cocoonfs/region.h"
#include "svsm/core/reader.h"
#include "svsm/core/writer.h"

namespace svsm::cocoonfs {
namespace {

using crypto::BlockCipherAlg;
using crypto::HashAlg;

struct HashId {
  std::uint16_t id;
  HashAlg alg;
};
constexpr HashId kHashes[] = {
    {0x0004, HashAlg::kSha1},     {0x000B, HashAlg::kSha256},   {0x000C, HashAlg::kSha384},
    {0x000D, HashAlg::kSha512},   {0x0012, HashAlg::kSm3},      {0x0027, HashAlg::kSha3_256},
    {0x0028, HashAlg::kSha3_384}, {0x0029, HashAlg::kSha3_512},
};

struct CipherId {
  std::uint16_t id;
  BlockCipherAlg alg;
};
constexpr CipherId kCiphers[] = {
    {0x0006, BlockCipherAlg::kAes},
    {0x0013, BlockCipherAlg::kSm4},
    {0x0026, BlockCipherAlg::kCamellia},
};

constexpr std::uint32_t kMinBlockLog2 = 7;
constexpr std::uint32_t kMaxBlockLog2 = 30;
constexpr std::uint32_t kMaxWordLog2 = 6;  // one word of the bitmap, one extent pointer

Status Invalid(std::uint32_t offset) {
  return Status(Code::kInvalidArgument, Source::kCocoonfs, offset);
}
Status TooLarge(std::uint32_t offset) {
  return Status(Code::kUnsupported, Source::kCocoonfs, offset);
}

}  // namespace

Result<HashAlg> HashFromTcg(std::uint16_t id) {
  for (const HashId& hash : kHashes) {
    if (hash.id == id) return hash.alg;
  }
  return Status(Code::kUnsupported, Source::kCocoonfs, id);
}

Result<BlockCipherAlg> CipherFromTcg(std::uint16_t id) {
  for (const CipherId& cipher : kCiphers) {
    if (cipher.id == id) return cipher.alg;
  }
  return Status(Code::kUnsupported, Source::kCocoonfs, id);
}

std::uint16_t TcgId(HashAlg alg) {
  for (const HashId& hash : kHashes) {
    if (hash.alg == alg) return hash.id;
  }
  return 0;
}

std::uint16_t TcgId(BlockCipherAlg alg) {
  for (const CipherId& cipher : kCiphers) {
    if (cipher.alg == alg) return cipher.id;
  }
  return 0;
}

Status ImageLayout::Validate() const {
  const std::uint32_t allocation = allocation_block_log2 + kMinBlockLog2;
  const std::uint32_t sizes[] = {
      allocation,
      allocation + io_block_log2,
      allocation + io_block_log2 + tree_node_log2,
      allocation + data_block_log2,
      allocation + bitmap_block_log2,
      allocation + index_leaf_log2,
      allocation + index_internal_log2,
  };
  for (std::uint32_t i = 0; i < std::size(sizes); ++i) {
    if (sizes[i] >= 64) return Invalid(i);
  }
  if (io_block_log2 > kMaxWordLog2) return Invalid(1);
  if (data_block_log2 > kMaxWordLog2) return Invalid(3);
  if (index_leaf_log2 > kMaxWordLog2) return Invalid(5);
  if (index_internal_log2 > kMaxWordLog2) return Invalid(6);
  for (std::uint32_t i = 0; i < std::size(sizes); ++i) {
    if (sizes[i] > kMaxBlockLog2) return TooLarge(i);
  }
  if (tree_node_bytes() < 2 * crypto::DigestSize(node_hash) ||
      tree_node_bytes() < 2 * crypto::DigestSize(data_hash)) {
    return Invalid(2);
  }
  const HashAlg hashes[] = {node_hash, data_hash, root_hash, preauth_hash, kdf_hash};
  for (std::uint32_t i = 0; i < std::size(hashes); ++i) {
    if (TcgId(hashes[i]) == 0) return Invalid(7 + 2 * i);
  }
  if (TcgId(cipher) == 0) return Invalid(17);
  if (key_bits % 8 != 0 || !crypto::IsCipherKeySize(cipher, key_bits / 8U)) return Invalid(19);
  return OkStatus();
}

Result<ImageLayout> ImageLayout::Decode(FixedView<kEncodedSize> in) {
  wire::Reader r(in);
  ImageLayout layout;
  layout.allocation_block_log2 = r.U8();
  layout.io_block_log2 = r.U8();
  layout.tree_node_log2 = r.U8();
  layout.data_block_log2 = r.U8();
  layout.bitmap_block_log2 = r.U8();
  layout.index_leaf_log2 = r.U8();
  layout.index_internal_log2 = r.U8();
  HashAlg* const hashes[] = {&layout.node_hash, &layout.data_hash, &layout.root_hash,
                             &layout.preauth_hash, &layout.kdf_hash};
  for (HashAlg* hash : hashes) {
    SVSM_ASSIGN_OR_RETURN(*hash, HashFromTcg(r.Be16()));
  }
  SVSM_ASSIGN_OR_RETURN(layout.cipher, CipherFromTcg(r.Be16()));
  layout.key_bits = r.Be16();
  SVSM_TRY(r.Finish());
  if (const Status status = layout.Validate(); !status.ok()) {
    return status.code() == Code::kUnsupported ? status : Malformed(Region::kStaticHeader);
  }
  return layout;
}

Bytes<ImageLayout::kEncodedSize> ImageLayout::Encode() const {
  Bytes<kEncodedSize> out{};
  wire::Writer w(out);
  for (const std::uint8_t log2 :
       {allocation_block_log2, io_block_log2, tree_node_log2, data_block_log2, bitmap_block_log2,
        index_leaf_log2, index_internal_log2}) {
    w.U8(log2);
  }
  for (const HashAlg hash : {node_hash, data_hash, root_hash, preauth_hash, kdf_hash}) {
    w.Be16(TcgId(hash));
  }
  w.Be16(TcgId(cipher));
  w.Be16(key_bits);
  return out;
}

}  // namespace svsm::cocoonfs
