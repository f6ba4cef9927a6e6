// Our manifests, built and parsed, against vectors/manifests/.
#include <array>

#include "svsm/evidence/vtpm_manifest.h"
#include "svsm/protocol/manifest.h"
#include "svsm/testing/matchers.h"
#include "tests/conformance/published.h"

namespace svsm {
namespace {

using testing::HexOf;
using testing::IsOk;
using testing::NameOf;
using ::testing::Not;
using testing::Published;
using testing::SameBytes;

TEST(PublishedManifests, ServicesManifestsAreBuiltAndParsed) {
  for (const auto& one : Published("manifests/services.json", "services-manifest")) {
    SCOPED_TRACE(NameOf(one));
    const ByteVector bytes = HexOf(one, "bytes");
    std::array<protocol::ManifestEntry, 16> slots;
    const auto parsed = protocol::ParseServicesManifest(bytes, slots);
    if (!one.at("valid").get<bool>()) {
      EXPECT_THAT(parsed, Not(IsOk()));
      continue;
    }
    ASSERT_THAT(parsed, IsOk());
    ASSERT_EQ(parsed->size(), one.at("services").size());
    std::vector<ByteVector> manifests;
    std::vector<protocol::ManifestEntry> entries;
    for (const auto& service : one.at("services")) {
      manifests.push_back(*FromHex(service.at("manifest").get<std::string>()));
      entries.push_back({testing::GuidOf(service), manifests.back()});
      const protocol::ManifestEntry& entry = (*parsed)[entries.size() - 1];
      EXPECT_EQ(entry.guid, entries.back().guid);
      EXPECT_THAT(entry.manifest, SameBytes(manifests.back()));
    }
    ByteVector built(protocol::ServicesManifestSize(entries));
    ASSERT_THAT(protocol::BuildServicesManifest(entries, built), IsOk());
    EXPECT_THAT(built, SameBytes(bytes));
  }
}

TEST(PublishedManifests, VtpmManifestsAreBuiltAndParsed) {
  for (const auto& one : Published("manifests/vtpm.json", "vtpm-manifest")) {
    SCOPED_TRACE(NameOf(one));
    const ByteVector bytes = HexOf(one, "bytes");
    std::vector<ByteVector> keys;
    std::vector<ByteView> views;
    if (one.at("valid").get<bool>()) {
      for (const auto& key : one.at("keys")) keys.push_back(*FromHex(key.get<std::string>()));
      for (const ByteVector& key : keys) views.push_back(key);
    }
    if (one.at("version") == 0) {
      SVSM_ASSERT_OK_AND_ASSIGN(const ByteView manifest, protocol::VtpmManifestV0(keys.at(0)));
      EXPECT_THAT(manifest, SameBytes(bytes));
      continue;
    }
    std::array<ByteView, evidence::kMaxManifestKeys> slots;
    const auto parsed = evidence::ParseVtpmManifestV1(bytes, slots);
    if (!one.at("valid").get<bool>()) {
      EXPECT_THAT(parsed, Not(IsOk()));
      continue;
    }
    ASSERT_THAT(parsed, IsOk());
    ASSERT_EQ(parsed->size(), keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_THAT((*parsed)[i], SameBytes(keys[i]));
    ByteVector buffer(4096);
    SVSM_ASSERT_OK_AND_ASSIGN(const ByteView built, evidence::BuildVtpmManifestV1(views, buffer));
    EXPECT_THAT(built, SameBytes(bytes));
  }
}

}  // namespace
}  // namespace svsm
