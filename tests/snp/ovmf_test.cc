#include "svsm/snp/ovmf.h"

#include "svsm/snp/launch_problem.h"
#include "svsm/testing/matchers.h"
#include "tests/snp/launch_files.h"

namespace svsm::snp {
namespace {

using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using testing::FirmwareBuilder;

auto Refuses(LaunchProblem problem) {
  return IsStatus(Code::kMalformed, Source::kSnp, static_cast<std::uint32_t>(problem));
}
auto DoesNotKnow(LaunchProblem problem) {
  return IsStatus(Code::kUnsupported, Source::kSnp, static_cast<std::uint32_t>(problem));
}

template <typename Change>
Result<OvmfImage> Parsed(Change change) {
  FirmwareBuilder builder;
  change(builder);
  static ByteVector image;  // the views of the result point into it
  image = builder.Build();
  return OvmfImage::Parse(image);
}

TEST(OvmfTest, ReadsWhatTheImageSays) {
  FirmwareBuilder builder;
  builder.Add(testing::kOtherEntry, 7);
  builder.Add(testing::kHashesEntry, 0x80FC00);
  builder.Add(testing::kSvsmEntry, 0x40);
  const ByteVector bytes = builder.Build();
  const Result<OvmfImage> image = OvmfImage::Parse(bytes);
  ASSERT_THAT(image, IsOk());
  EXPECT_EQ(image->bytes().size(), bytes.size());
  ASSERT_EQ(image->num_sections(), 3u);
  EXPECT_EQ(image->section(0).type, OvmfSectionType::kSecMemory);
  EXPECT_EQ(image->section(0).gpa, Gpa(0x800000));
  EXPECT_EQ(image->section(0).size, 0x2000u);
  EXPECT_EQ(image->section(2).type, OvmfSectionType::kCpuid);
  EXPECT_EQ(image->ap_reset_address(), 0x0080B004u);
  EXPECT_EQ(image->kernel_hashes_address(), 0x80FC00u);
  EXPECT_EQ(image->svsm_entry_offset(), 0x40u);
  EXPECT_FALSE(image->has_unannounced_sections());
}

TEST(OvmfTest, WhatIsNotThereIsEmpty) {
  const auto image = Parsed([](FirmwareBuilder& b) { b.entries.pop_back(); });
  ASSERT_THAT(image, IsOk());
  EXPECT_EQ(image->ap_reset_address(), std::nullopt);
  EXPECT_EQ(image->kernel_hashes_address(), std::nullopt);
  EXPECT_EQ(image->svsm_entry_offset(), std::nullopt);
}

TEST(OvmfTest, RefusesSizes) {
  const ByteVector bytes(kMaxOvmfSize + kPageSize);
  for (const std::size_t size : {std::size_t{0}, std::size_t{4095}, bytes.size()}) {
    EXPECT_THAT(OvmfImage::Parse(ByteView(bytes).first(size)), Refuses(LaunchProblem::kImageSize));
  }
}

TEST(OvmfTest, RefusesBrokenFooterTables) {
  EXPECT_THAT(Parsed([](FirmwareBuilder& b) { b.footer = testing::kOtherEntry; }),
              Refuses(LaunchProblem::kNoFooterTable));
  for (const int length : {0, 17, 0x2000 - 31, 0xFFFF}) {
    EXPECT_THAT(Parsed([&](FirmwareBuilder& b) { b.footer_length = length; }),
                Refuses(LaunchProblem::kFooterTableSize));
  }
  EXPECT_THAT(Parsed([](FirmwareBuilder& b) { b.footer_length = 18 + 22 + 5; }),
              Refuses(LaunchProblem::kFooterEntrySize));
  EXPECT_THAT(Parsed([](FirmwareBuilder& b) { b.entries[1].length_error = 0x1000; }),
              Refuses(LaunchProblem::kFooterEntrySize));
  EXPECT_THAT(Parsed([](FirmwareBuilder& b) { b.entries[1].length_error = std::size_t(0) - 5; }),
              Refuses(LaunchProblem::kFooterEntrySize));
  EXPECT_THAT(Parsed([](FirmwareBuilder& b) { b.entries[1].data.pop_back(); }),
              Refuses(LaunchProblem::kFooterEntrySize));
  EXPECT_THAT(Parsed([](FirmwareBuilder& b) { b.Add(testing::kResetEntry, 1); }),
              Refuses(LaunchProblem::kFooterEntryTwice));
}

TEST(OvmfTest, RefusesBrokenMetadata) {
  EXPECT_THAT(Parsed([](FirmwareBuilder& b) { b.entries.erase(b.entries.begin()); }),
              Refuses(LaunchProblem::kNoMetadata));
  for (const std::uint32_t offset : {0u, 15u, 0x2001u, 0xFFFFFFFFu}) {
    EXPECT_THAT(Parsed([&](FirmwareBuilder& b) {
                  b.entries[0].data.clear();
                  testing::PutLe(b.entries[0].data, offset, 4);
                }),
                Refuses(LaunchProblem::kMetadataOffset));
  }
  EXPECT_THAT(Parsed([](FirmwareBuilder& b) { b.magic = "ASEX"; }),
              Refuses(LaunchProblem::kMetadataMagic));
  EXPECT_THAT(Parsed([](FirmwareBuilder& b) { b.version = 2; }),
              DoesNotKnow(LaunchProblem::kMetadataVersion));
  for (const std::uint32_t error : {0u - 37u, 0x300u, 0xFFFFFF00u}) {
    EXPECT_THAT(Parsed([&](FirmwareBuilder& b) { b.metadata_size_error = error; }),
                Refuses(LaunchProblem::kMetadataOffset));
  }
  for (const std::uint32_t error : {1u, 200u, 0x80000000u}) {
    EXPECT_THAT(Parsed([&](FirmwareBuilder& b) { b.count_error = error; }),
                Refuses(LaunchProblem::kMetadataCount));
  }
}

TEST(OvmfTest, SaysThatSectionsAreNotAnnounced) {
  const auto image = Parsed([](FirmwareBuilder& b) { b.count_error = 0u - 1u; });
  ASSERT_THAT(image, IsOk());
  EXPECT_EQ(image->num_sections(), 2u);
  EXPECT_TRUE(image->has_unannounced_sections());
}

TEST(OvmfTest, RefusesBrokenSections) {
  const auto with = [](testing::FirmwareSection section) {
    return Parsed([&](FirmwareBuilder& b) { b.sections.push_back(section); });
  };
  EXPECT_THAT(with({0x804000, 0x1000, 4}), IsOk());
  EXPECT_THAT(with({0x804000, 0x1000, 0x10}), IsOk());
  for (const std::uint32_t type : {0u, 5u, 0x0Fu, 0x11u, 0x101u}) {
    EXPECT_THAT(with({0x804000, 0x1000, type}), DoesNotKnow(LaunchProblem::kSectionType));
  }
  EXPECT_THAT(with({0x804800, 0x1000, 1}), Refuses(LaunchProblem::kSectionPlace));
  EXPECT_THAT(with({0xFFFFF000, 0x2000, 1}), Refuses(LaunchProblem::kSectionPlace));
  for (const std::uint32_t size : {0u, 0x1800u}) {
    EXPECT_THAT(with({0x804000, size, 1}), Refuses(LaunchProblem::kSectionSize));
  }
  EXPECT_THAT(with({0x804000, 0x2000, 2}), Refuses(LaunchProblem::kSectionSize));
  EXPECT_THAT(with({0x804000, 0x2000, 3}), Refuses(LaunchProblem::kSectionSize));
  EXPECT_THAT(with({0x803000, 0x1000, 1}), Refuses(LaunchProblem::kSectionOverlap));
  EXPECT_THAT(with({0x7FF000, 0x2000, 1}), Refuses(LaunchProblem::kSectionOverlap));
}

TEST(OvmfDeathTest, SectionsHaveIndices) {
  const auto image = Parsed([](FirmwareBuilder&) {});
  ASSERT_THAT(image, IsOk());
  EXPECT_DEATH((void)image->section(3), "check failed");
}

}  // namespace
}  // namespace svsm::snp
