#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "svsm/cocoonfs/metadata.h"
#include "svsm/cocoonfs/transaction.h"
#include "tools/svsm-cocoonfs/session.h"
#include "tools/svsm-cocoonfs/verbs.h"

namespace svsm::cocoonfs_tool {
namespace {

using cocoonfs::AuxMetadata;

// Without a key, or where there is no file system yet, the metadata are changed in place.
template <typename Change>
void Edit(const Options& options, Change change) {
  Session session(options, Use::kWrite);
  cocoonfs::Metadata metadata =
      Check(options.image, cocoonfs::ReadMetadata(session.device(), session.allocator()));
  const bool made = metadata.state == cocoonfs::ImageState::kFormatted;
  if (!options.key.given() || !made) {
    change(metadata.aux);
    const Status written =
        cocoonfs::WriteAuxInPlace(session.device(), session.allocator(), metadata.aux);
    if (written.code() == Code::kExhausted) {
      throw Failure{kNoSpace, fmt::format("{}: no room to do this without the key", options.image)};
    }
    Check(options.image, written);
    return;
  }
  const Key key(options.key);
  session.OpenFileSystem(key.view());
  AuxMetadata aux = Check(options.image, session.fs().ReadAuxMetadata());
  change(aux);
  cocoonfs::Transaction& transaction = session.Begin();
  Check(options.image, transaction.SetAuxMetadata(aux));
  session.Commit(transaction);
}

cocoonfs::Metadata Read(Session& session) {
  return Check("header", cocoonfs::ReadMetadata(session.device(), session.allocator()));
}

}  // namespace

void ListEntries(const Options& options) {
  Session session(options, Use::kLook);
  const cocoonfs::Metadata metadata = Read(session);
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < metadata.aux.num_entries(); ++i) {
    const AuxMetadata::Entry entry = metadata.aux.entry(i);
    if (options.json) {
      list.push_back({{"uuid", UuidText(entry.uuid)}, {"size", entry.data.size()}});
    } else {
      fmt::print("{}\n", UuidText(entry.uuid));
    }
  }
  if (options.json) fmt::print("{}\n", list.dump(1));
}

void ReadEntry(const Options& options) {
  const Uuid uuid = ParseUuid(options.uuid);
  Session session(options, Use::kLook);
  const cocoonfs::Metadata metadata = Read(session);
  const AuxMetadata::Entry entry = Check(options.uuid, metadata.aux.Find(uuid, options.index));
  WriteOutput(options.output_file, entry.data);
}

void SetReserve(const Options& options) {
  const std::optional<std::uint64_t> reserve = ParseReserve(options.reserve);
  Edit(options, [&](AuxMetadata& aux) { aux.SetExtraReserve(reserve); });
}

void AddEntry(const Options& options) {
  const Uuid uuid = ParseUuid(options.uuid);
  const ByteVector data = ReadInput(options.input_file);
  Edit(options, [&](AuxMetadata& aux) { Check(options.uuid, aux.Add(uuid, data)); });
}

void RemoveEntry(const Options& options) {
  const Uuid uuid = ParseUuid(options.uuid);
  Edit(options, [&](AuxMetadata& aux) { Check(options.uuid, aux.Remove(uuid, options.index)); });
}

}  // namespace svsm::cocoonfs_tool
