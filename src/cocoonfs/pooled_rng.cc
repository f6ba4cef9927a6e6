#include "cocoonfs/pooled_rng.h"

namespace svsm::cocoonfs {

Status PooledRng::Generate(ByteSpan out) {
  if (out.size() > kMaxPooled) return source_.Generate(out);
  if (out.size() > left_) {
    left_ = 0;
    if (const Status status = source_.Generate(pool_.writable()); !status.ok()) {
      pool_.wipe();
      Fill(out, 0);
      return status;
    }
    left_ = kPoolBytes;
  }
  const ByteSpan taken = ByteSpan(pool_.writable()).subspan(kPoolBytes - left_, out.size());
  Copy(out, taken);
  Wipe(taken);
  left_ -= out.size();
  return OkStatus();
}

}  // namespace svsm::cocoonfs
