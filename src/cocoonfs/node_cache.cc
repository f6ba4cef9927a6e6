#include "cocoonfs/node_cache.h"

namespace svsm::cocoonfs {

std::size_t NodeCache::NumNodes(std::size_t payload_bytes) {
  std::size_t count = kMaxNodes;
  while (count > 2 && count * payload_bytes > kMaxBytes) count /= 2;
  return count;
}

Status NodeCache::Init(std::size_t payload_bytes) {
  const std::size_t count = NumNodes(payload_bytes);
  payload_bytes_ = payload_bytes;
  Status status = payloads_.Reserve(count * payload_bytes);
  if (status.ok()) status = payloads_.Resize(count * payload_bytes);
  if (status.ok()) status = positions_.Reserve(count);
  if (status.ok()) status = positions_.Resize(count);
  if (status.ok()) Clear();
  return status;
}

void NodeCache::Clear() {
  for (std::uint64_t& position : positions_) position = 0;
}

ByteView NodeCache::Find(std::uint64_t first) const {
  if (!ready()) return {};
  const std::size_t place = PlaceOf(first);
  if (positions_[place] != first) return {};
  return ByteView(payloads_.view()).subspan(place * payload_bytes_, payload_bytes_);
}

ByteSpan NodeCache::Change(std::uint64_t first) {
  if (Find(first).empty()) return {};
  return payloads_.view().subspan(PlaceOf(first) * payload_bytes_, payload_bytes_);
}

void NodeCache::Drop(std::uint64_t first) {
  if (!Find(first).empty()) positions_[PlaceOf(first)] = 0;
}

void NodeCache::Put(std::uint64_t first, ByteView payload) {
  const std::size_t place = PlaceOf(first);
  positions_[place] = first;
  Copy(ByteSpan(payloads_.view()).subspan(place * payload_bytes_, payload_bytes_), payload);
}

}  // namespace svsm::cocoonfs
