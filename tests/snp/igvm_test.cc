// Covers: svsm/snp/igvm_measure.h
#include "svsm/snp/igvm.h"

#include <functional>
#include <map>

#include "svsm/crypto/openssl.h"
#include "svsm/snp/igvm_measure.h"
#include "svsm/snp/launch_problem.h"
#include "svsm/testing/matchers.h"
#include "tests/snp/igvm_files.h"
#include "tests/snp/launch_files.h"

namespace svsm::snp {
namespace {

using svsm::testing::BytesAre;
using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using testing::IgvmBuilder;
using testing::PutLe;
using testing::Small;

using Digest = Bytes<kLaunchDigestSize>;

const crypto::OpensslHash& Sha384() {
  static const crypto::OpensslHash hash(crypto::HashAlg::kSha384);
  return hash;
}

auto Refuses(LaunchProblem problem) {
  return IsStatus(Code::kMalformed, Source::kSnp, static_cast<std::uint32_t>(problem));
}
auto DoesNotKnow(LaunchProblem problem) {
  return IsStatus(Code::kUnsupported, Source::kSnp, static_cast<std::uint32_t>(problem));
}

Status Judge(const std::function<void(IgvmBuilder&)>& change) {
  IgvmBuilder builder = Small();
  change(builder);
  return IgvmFile::Parse(builder.Build()).status();
}

Result<Digest> Measured(ByteView bytes, IgvmLoader loader) {
  SVSM_ASSIGN_OR_RETURN(const IgvmFile file, IgvmFile::Parse(bytes));
  Bytes<kPageSize> scratch;
  return MeasureIgvm(Sha384(), file, loader, scratch);
}

TEST(IgvmTest, EqualsTheRecordedTools) {
  const std::string folder = testing::LaunchVectors();
  if (folder.empty()) GTEST_SKIP() << "SVSM_VECTORS_DIR has no launch";
  for (const auto& row : testing::ReadTable(folder + "igvm/digests.tsv")) {
    SCOPED_TRACE(row[0]);
    const ByteVector bytes = *ReadFile(folder + "igvm/" + row[0]);
    const std::string native = row[2] == "same" ? row[1] : row[2];
    const std::string crate = row[4] == "same" ? row[1] : row[4];
    EXPECT_THAT(*Measured(bytes, IgvmLoader::kIgvmmeasure), BytesAre(row[1]));
    EXPECT_THAT(*Measured(bytes, IgvmLoader::kIgvmmeasureNativeZero), BytesAre(native));
    EXPECT_THAT(*Measured(bytes, IgvmLoader::kIgvmCrate), BytesAre(crate));
    // QEMU zeroes as --native-zero does and inserts whole areas as the crate does.
    EXPECT_THAT(*Measured(bytes, IgvmLoader::kQemu), BytesAre(row[2] == "same" ? crate : native));
  }
}

TEST(IgvmTest, ReadsWhatTheFileSays) {
  for (const std::uint32_t version : {1u, 2u}) {
    IgvmBuilder builder = Small();
    builder.version = version;
    builder.Header(0x80000399, {{7, 1}});  // unknown, may be ignored
    builder.Area(0x3000, 5);
    builder.Header(0x30C, {{5, 4}, {0x2FFF, 4}});
    builder.Insert(0x200000, 5);
    builder.Context(0xFFFFFFFFF000, 0x1000);
    const ByteVector bytes = builder.Build();
    const auto file = IgvmFile::Parse(bytes);
    ASSERT_THAT(file, IsOk());
    EXPECT_EQ(file->format_version(), version);
    EXPECT_EQ(file->snp_mask(), 1u);
    EXPECT_EQ(file->guest_policy(), 0x30000u);
    EXPECT_EQ(file->parameter_area_size(5), 0x3000u);
    EXPECT_EQ(file->parameter_area_size(4), 0u);
    std::vector<std::uint32_t> types;
    IgvmCursor headers = file->headers();
    for (IgvmHeader header; headers.Next(header);) {
      types.push_back(static_cast<std::uint32_t>(header.type));
    }
    EXPECT_EQ(types, (std::vector<std::uint32_t>{1, 0x101, 0x302, 0x301, 0x30C, 0x303, 0x304}));
  }
}

TEST(IgvmTest, RefusesBrokenFixedHeaders) {
  const ByteVector good = Small().Build();
  ASSERT_THAT(IgvmFile::Parse(good), IsOk());
  EXPECT_THAT(IgvmFile::Parse(ByteView(good).first(23)), Refuses(LaunchProblem::kIgvmMagic));
  const std::map<std::size_t, Status> places = {
      {0, LaunchMalformed(LaunchProblem::kIgvmMagic)},
      {4, LaunchUnsupported(LaunchProblem::kIgvmVersion)},
      {8, LaunchMalformed(LaunchProblem::kIgvmHeaderPlace)},
      {15, LaunchMalformed(LaunchProblem::kIgvmHeaderPlace)},
      {16, LaunchMalformed(LaunchProblem::kIgvmFileSize)},
      {20, LaunchMalformed(LaunchProblem::kIgvmChecksum)},
      {70, LaunchMalformed(LaunchProblem::kIgvmChecksum)}};
  for (const auto& [place, status] : places) {
    ByteVector bytes = good;
    bytes[place] ^= 0x42;
    EXPECT_EQ(IgvmFile::Parse(bytes).status(), status) << place;
  }
  EXPECT_THAT(IgvmFile::Parse(ByteView(good).first(good.size() - 1)),
              Refuses(LaunchProblem::kIgvmFileSize));
  EXPECT_THAT(Judge([](IgvmBuilder& b) { b.version = 2, b.architecture = 1; }),
              DoesNotKnow(LaunchProblem::kIgvmVersion));
  EXPECT_THAT(Judge([](IgvmBuilder& b) { b.version = 2, b.page_size = 65536; }),
              DoesNotKnow(LaunchProblem::kIgvmVersion));
}

TEST(IgvmTest, RefusesBrokenHeaders) {
  EXPECT_THAT(Judge([](IgvmBuilder& b) { PutLe(b.headers, 0x302, 4); }),
              Refuses(LaunchProblem::kIgvmHeaderSize));
  EXPECT_THAT(Judge([](IgvmBuilder& b) {
                PutLe(b.headers, 0x302, 4);
                PutLe(b.headers, 0xFFFFFFFF, 4);
              }),
              Refuses(LaunchProblem::kIgvmHeaderSize));
  EXPECT_THAT(Judge([](IgvmBuilder& b) {
                b.Header(0x302, {{0, 8}});
              }),
              Refuses(LaunchProblem::kIgvmHeaderSize));
  EXPECT_THAT(Judge([](IgvmBuilder& b) {
                b.Context(0, 0);
                b.headers.back() = 1;
              }),
              Refuses(LaunchProblem::kIgvmHeaderPadding));
  for (const std::uint32_t type : {0u, 0x306u, 0x399u, 0x80000302u}) {
    EXPECT_THAT(Judge([&](IgvmBuilder& b) {
                  b.Header(type, {{0, 8}});
                }),
                DoesNotKnow(LaunchProblem::kIgvmHeaderType));
  }
  EXPECT_THAT(Judge([](IgvmBuilder& b) { b.Policy(); }), Refuses(LaunchProblem::kIgvmHeaderOrder));
  EXPECT_THAT(Judge([](IgvmBuilder& b) { b.Platform(2, 0); }),
              Refuses(LaunchProblem::kIgvmHeaderOrder));
}

TEST(IgvmTest, RefusesBrokenMasksAndPlatforms) {
  for (const std::uint32_t mask : {0u, 2u, 3u}) {
    EXPECT_THAT(Judge([&](IgvmBuilder& b) { b.Page(0, -1, 0, 0, mask); }),
                Refuses(LaunchProblem::kIgvmMask));
  }
  for (const std::uint32_t mask : {0u, 1u, 6u}) {
    EXPECT_THAT(Judge([&](IgvmBuilder& b) {
                  b = IgvmBuilder();
                  b.Platform(1, 2);
                  b.Platform(mask, 0);
                }),
                Refuses(LaunchProblem::kIgvmMask));
  }
  const auto platforms = [](std::uint32_t second, std::uint32_t version) {
    return Judge([&](IgvmBuilder& b) {
      b = IgvmBuilder();
      b.Platform(1, 0);
      b.Platform(2, second, version);
    });
  };
  EXPECT_THAT(platforms(2, 1), IsOk());
  EXPECT_THAT(platforms(3, 1), DoesNotKnow(LaunchProblem::kIgvmPlatform));
  EXPECT_THAT(platforms(2, 2), DoesNotKnow(LaunchProblem::kIgvmPlatform));
}

TEST(IgvmTest, RefusesBrokenPages) {
  EXPECT_THAT(Judge([](IgvmBuilder& b) { b.Page(0, -1, 8); }),
              Refuses(LaunchProblem::kIgvmReserved));
  EXPECT_THAT(Judge([](IgvmBuilder& b) { b.Page(0, -1, 0, 4); }),
              DoesNotKnow(LaunchProblem::kIgvmDataType));
  EXPECT_THAT(Judge([](IgvmBuilder& b) { b.Page(0, -1, 1, 1); }),
              Refuses(LaunchProblem::kIgvmDataSize));
  for (const std::uint64_t gpa :
       {std::uint64_t{0x800}, std::uint64_t{1} << 52, ~std::uint64_t{0xFFF}}) {
    EXPECT_THAT(Judge([&](IgvmBuilder& b) { b.Page(gpa, -1); }),
                Refuses(LaunchProblem::kIgvmPageAddress));
  }
  EXPECT_THAT(Judge([](IgvmBuilder& b) { b.Page(0x1000, -1, 1); }),
              Refuses(LaunchProblem::kIgvmPageAddress));
  EXPECT_THAT(Judge([](IgvmBuilder& b) { b.Page(0x1000, 0x1000); }), IsOk());
  for (const int at : {-8 + 0x7FFFFFFF, 0x1001, 0x2000}) {
    EXPECT_THAT(Judge([&](IgvmBuilder& b) { b.Page(0x1000, at); }),
                Refuses(LaunchProblem::kIgvmFileOffset));
  }
  // Data inside the headers.
  EXPECT_THAT(Judge([](IgvmBuilder& b) {
                b.Header(0x304, {{0, 8}, {1, 4}, {8, 4}, {0, 4}});
              }),
              Refuses(LaunchProblem::kIgvmFileOffset));
}

TEST(IgvmTest, RefusesBrokenParameterAreasAndIdBlocks) {
  const auto refused = Refuses(LaunchProblem::kIgvmParameterArea);
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{0x1800}, ~std::uint64_t{0xFFF}}) {
    EXPECT_THAT(Judge([&](IgvmBuilder& b) { b.Area(size, 0); }), refused);
  }
  EXPECT_THAT(Judge([](IgvmBuilder& b) { b.Area(0x1000, 0), b.Area(0x1000, 0); }), refused);
  EXPECT_THAT(Judge([](IgvmBuilder& b) { b.Insert(0, 0); }), refused);
  EXPECT_THAT(Judge([](IgvmBuilder& b) { b.Area(0x1000, 0), b.Insert(0, 0), b.Insert(0, 0); }),
              refused);
  EXPECT_THAT(Judge([](IgvmBuilder& b) {
                b.Area(0x1000, 0), b.Header(0x30C, {{0x100000000000, 8}});
              }),
              refused);
  EXPECT_THAT(Judge([](IgvmBuilder& b) {
                for (std::uint32_t i = 0; i <= kMaxIgvmParameterAreas; ++i) b.Area(0x1000, i);
              }),
              refused);
  EXPECT_THAT(Judge([](IgvmBuilder& b) {
                for (int i = 0; i < 2; ++i) {
                  std::vector<std::pair<std::uint64_t, int>> body(173, {0, 4});
                  body.insert(body.begin(), {1, 4});
                  b.Header(0x30B, body);
                }
              }),
              Refuses(LaunchProblem::kIgvmIdBlock));
}

TEST(IgvmTest, LoadersDiffer) {
  IgvmBuilder large = Small();
  large.Page(0x200000, -1, 1);
  large.Context(0xFFFFFFFFF000, 0x1000);
  EXPECT_THAT(Measured(large.Build(), IgvmLoader::kIgvmCrate),
              DoesNotKnow(LaunchProblem::kIgvmTwoMibPage));
  EXPECT_THAT(Measured(large.Build(), IgvmLoader::kQemu), IsOk());
  IgvmBuilder bare;
  bare.Platform(1, 2);
  bare.Page(0x100000, 0);
  EXPECT_THAT(Measured(bare.Build(), IgvmLoader::kIgvmCrate),
              DoesNotKnow(LaunchProblem::kIgvmNoPolicy));
  EXPECT_THAT(Measured(bare.Build(), IgvmLoader::kIgvmmeasure), IsOk());
  EXPECT_THAT(Measured(bare.Build(), IgvmLoader::kQemu), DoesNotKnow(LaunchProblem::kIgvmContexts));
  IgvmBuilder foreign;
  foreign.Platform(1, 2);
  foreign.Platform(2, 0);
  foreign.Context(0, 0x1FF0, 2);
  EXPECT_THAT(Measured(foreign.Build(), IgvmLoader::kIgvmmeasure),
              Refuses(LaunchProblem::kIgvmFileOffset));
  IgvmBuilder shared = Small();
  const auto without = Measured(shared.Build(), IgvmLoader::kIgvmCrate);
  shared.Page(0x200000, 0x1000, 4);
  EXPECT_EQ(*Measured(shared.Build(), IgvmLoader::kIgvmCrate), *without);
  EXPECT_NE(*Measured(shared.Build(), IgvmLoader::kIgvmmeasure), *without);
}

}  // namespace
}  // namespace svsm::snp
