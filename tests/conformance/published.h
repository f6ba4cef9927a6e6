// The published vectors, as this library's own tests read them. They are in the tree: a file that
// is missing is a failure.
#ifndef SVSM_TESTS_CONFORMANCE_PUBLISHED_H_
#define SVSM_TESTS_CONFORMANCE_PUBLISHED_H_

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "svsm/conformance/vectors.h"
#include "svsm/core/guid.h"
#include "svsm/core/hosted.h"

namespace svsm::testing {

inline std::string PublishedPath(const std::string& name) { return SVSM_PUBLISHED_DIR "/" + name; }

// The cases of a file, whose version and kind are checked.
inline std::vector<nlohmann::json> Published(const std::string& name, const std::string& kind) {
  const Result<ByteVector> bytes = ReadFile(PublishedPath(name));
  EXPECT_TRUE(bytes.ok()) << name;
  if (!bytes.ok()) return {};
  const nlohmann::json file = nlohmann::json::parse(*bytes);
  EXPECT_EQ(file.at("version").get<std::uint32_t>(), conformance::kVectorsVersion);
  EXPECT_EQ(file.at("kind").get<std::string>(), kind);
  EXPECT_FALSE(file.at("cases").empty());
  return file.at("cases").get<std::vector<nlohmann::json>>();
}

inline std::string NameOf(const nlohmann::json& one) { return one.at("name").get<std::string>(); }

inline ByteVector HexOf(const nlohmann::json& one, const char* name) {
  const Result<ByteVector> bytes = FromHex(one.at(name).get<std::string>());
  EXPECT_TRUE(bytes.ok()) << NameOf(one) << " " << name;
  return bytes.ok() ? *bytes : ByteVector();
}

template <std::size_t kSize>
Bytes<kSize> FixedHexOf(const nlohmann::json& one, const char* name) {
  const ByteVector bytes = HexOf(one, name);
  Bytes<kSize> fixed{};
  EXPECT_EQ(bytes.size(), kSize) << NameOf(one) << " " << name;
  if (bytes.size() == kSize) Copy(fixed, bytes);
  return fixed;
}

// "c476f1eb-0123-45a5-9641-b4e7dde5bfe3".
inline Guid GuidOf(const nlohmann::json& one) {
  std::string digits = one.at("guid").get<std::string>();
  std::erase(digits, '-');
  Bytes<16> bytes{};
  Copy(bytes, *FromHex(digits));
  return Guid::FromRfc4122(bytes);
}

}  // namespace svsm::testing

#endif  // SVSM_TESTS_CONFORMANCE_PUBLISHED_H_
