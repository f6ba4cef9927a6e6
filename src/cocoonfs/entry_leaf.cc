#include "cocoonfs/entry_leaf.h"

#include "svsm/core/writer.h"

namespace svsm::cocoonfs {

Status EntryLeafDigest(crypto::Hmac& hmac, const ImageLayout& layout, ByteView block,
                       ByteSpan out) {
  constexpr std::uint8_t kContextVersion = 0;
  constexpr std::uint8_t kIndexNodeSubject = 6;
  Bytes<6> context{};
  wire::Writer w(context);
  w.Be16(TcgId(layout.cipher));
  w.Be16(layout.key_bits);
  w.U8(kContextVersion);
  w.U8(kIndexNodeSubject);
  const ByteView parts[] = {block, context};
  return hmac.Compute(parts, out.first(crypto::DigestSize(hmac.algorithm())));
}

}  // namespace svsm::cocoonfs
