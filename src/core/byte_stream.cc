#include "svsm/core/byte_stream.h"

namespace svsm {

Status ReadExactly(ByteStream& stream, ByteSpan out) {
  std::size_t have = 0;
  while (have < out.size()) {
    const Result<std::size_t> got = stream.ReadSome(out.subspan(have));
    if (!got.ok()) {
      Fill(out, 0);
      return got.status();
    }
    have += *got;
  }
  return OkStatus();
}

}  // namespace svsm
