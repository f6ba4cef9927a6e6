#include "tools/svsm-cocoonfs/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "svsm/cocoonfs/metadata.h"

namespace svsm::cocoonfs_tool {
namespace {

using Json = nlohmann::ordered_json;

std::string ValueText(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

void PrintLines(const Json& value, std::size_t level) {
  std::size_t width = 0;
  for (const auto& [name, item] : value.items()) width = std::max(width, name.size());
  for (const auto& [name, item] : value.items()) {
    const std::string indent(2 * level, ' ');
    const std::string label = value.is_array() ? "-" : name;
    if (item.is_structured() && !item.empty()) {
      fmt::print("{}{}\n", indent, label);
      PrintLines(item, level + 1);
    } else {
      fmt::print("{}{:<{}}  {}\n", indent, label, value.is_array() ? 1 : width,
                 item.is_structured() ? "none" : ValueText(item));
    }
  }
}

Json LayoutJson(const cocoonfs::ImageLayout& layout) {
  return {{"allocation_block", layout.allocation_block_bytes()},
          {"io_block", layout.io_block_bytes()},
          {"auth_tree_data_block", layout.data_block_bytes()},
          {"auth_tree_node", layout.tree_node_bytes()},
          {"inode_index_leaf", layout.index_leaf_bytes()},
          {"inode_index_internal", layout.index_internal_bytes()},
          {"allocation_bitmap_block", layout.bitmap_block_bytes()},
          {"auth_tree_node_hash", HashText(layout.node_hash)},
          {"auth_tree_data_hash", HashText(layout.data_hash)},
          {"auth_tree_root_hash", HashText(layout.root_hash)},
          {"preauth_hash", HashText(layout.preauth_hash)},
          {"kdf_hash", HashText(layout.kdf_hash)},
          {"cipher", fmt::format("{}-{}", CipherText(layout.cipher), layout.key_bits)}};
}

}  // namespace

std::string DecimalText(ByteView number) {
  ByteVector rest = ToVector(number);
  std::string digits;
  while (!IsZero(rest)) {
    unsigned remainder = 0;
    for (auto byte = rest.rbegin(); byte != rest.rend(); ++byte) {
      const unsigned value = remainder * 256 + *byte;
      *byte = static_cast<std::uint8_t>(value / 10);
      remainder = value % 10;
    }
    digits.push_back(static_cast<char>('0' + remainder));
  }
  if (digits.empty()) digits.push_back('0');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

const char* HashText(crypto::HashAlg alg) {
  switch (alg) {
    case crypto::HashAlg::kSha1:
      return "SHA-1";
    case crypto::HashAlg::kSha256:
      return "SHA-256";
    case crypto::HashAlg::kSha384:
      return "SHA-384";
    case crypto::HashAlg::kSha512:
      return "SHA-512";
    case crypto::HashAlg::kSha3_256:
      return "SHA3-256";
    case crypto::HashAlg::kSha3_384:
      return "SHA3-384";
    case crypto::HashAlg::kSha3_512:
      return "SHA3-512";
    case crypto::HashAlg::kSm3:
      return "SM3";
  }
  return "?";
}

const char* CipherText(crypto::BlockCipherAlg alg) {
  switch (alg) {
    case crypto::BlockCipherAlg::kAes:
      return "AES";
    case crypto::BlockCipherAlg::kCamellia:
      return "Camellia";
    case crypto::BlockCipherAlg::kSm4:
      return "SM4";
  }
  return "?";
}

Json MetadataJson(Session& session) {
  const cocoonfs::Metadata metadata =
      Check("header", cocoonfs::ReadMetadata(session.device(), session.allocator()));
  Json aux = {{"entries", metadata.aux.num_entries()}};
  const std::optional<std::uint64_t> reserve = metadata.aux.extra_reserve();
  aux["extra_reserve"] = reserve ? Json(*reserve) : Json("disabled");
  constexpr const char* kStates[] = {"file system", "creation header",
                                     "creation header, its first use interrupted"};
  return {{"kind", kStates[static_cast<std::size_t>(metadata.state)]},
          {"format_version", cocoonfs::kFormatVersion},
          {"image_size", metadata.size_bytes},
          {"file_size", session.device().size_bytes()},
          {"device_block", session.device().Geometry().block_size_bytes},
          {"salt", ToHex(metadata.salt())},
          {"journal", metadata.journal_pending ? "pending" : "empty"},
          {"auxiliary_metadata", aux},
          {"layout", LayoutJson(metadata.layout)}};
}

void Print(const Json& value, const Options& options) {
  if (options.json) {
    fmt::print("{}\n", value.dump(1));
  } else {
    PrintLines(value, 0);
  }
}

}  // namespace svsm::cocoonfs_tool
