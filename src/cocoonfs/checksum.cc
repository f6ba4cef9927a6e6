#include "cocoonfs/checksum.h"

#include "svsm/core/wire.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::uint32_t kPolynomial = 0xEDB88320;  // of CRC-32, reflected

// tables[k][b]: what byte b does to the CRC when k more bytes follow it in the same step.
using Tables = std::array<std::array<std::uint32_t, 256>, 4>;

constexpr Tables MakeTables() {
  Tables tables{};
  for (std::uint32_t b = 0; b < 256; ++b) {
    std::uint32_t crc = b;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][b] = crc;
  }
  for (std::size_t k = 1; k < 4; ++k) {
    for (std::size_t b = 0; b < 256; ++b) {
      tables[k][b] = (tables[k - 1][b] >> 8) ^ tables[0][tables[k - 1][b] & 0xFF];
    }
  }
  return tables;
}
constexpr Tables kTables = MakeTables();

std::uint32_t Step4(std::uint32_t crc, std::uint32_t word) {
  crc ^= word;
  return kTables[3][crc & 0xFF] ^ kTables[2][crc >> 8 & 0xFF] ^ kTables[1][crc >> 16 & 0xFF] ^
         kTables[0][crc >> 24];
}

std::uint32_t Step1(std::uint32_t crc, std::uint32_t byte) {
  return (crc >> 8) ^ kTables[0][(crc ^ byte) & 0xFF];
}

std::uint32_t SwapBits(std::uint32_t word) {
  return (word & 0xAAAAAAAA) >> 1 | (word & 0x55555555) << 1;
}

}  // namespace

void Checksum::Update(ByteView data) {
  std::uint32_t plain = plain_;
  std::uint32_t swapped = swapped_;
  std::size_t i = 0;
  for (; data.size() - i >= 4; i += 4) {
    const std::uint32_t word = static_cast<std::uint32_t>(data[i]) |
                               static_cast<std::uint32_t>(data[i + 1]) << 8 |
                               static_cast<std::uint32_t>(data[i + 2]) << 16 |
                               static_cast<std::uint32_t>(data[i + 3]) << 24;
    plain = Step4(plain, word);
    swapped = Step4(swapped, SwapBits(word));
  }
  for (; i < data.size(); ++i) {
    plain = Step1(plain, data[i]);
    swapped = Step1(swapped, SwapBits(data[i]));
  }
  plain_ = plain;
  swapped_ = swapped;
}

void Checksum::UpdateZeros(std::size_t count) {
  static constexpr Bytes<64> kZeros{};
  for (; count > kZeros.size(); count -= kZeros.size()) Update(kZeros);
  Update(ByteView(kZeros).first(count));
}

Bytes<kChecksumBytes> Checksum::Finish() const {
  struct Encoded {
    wire::Le32 plain;
    wire::Le32 swapped;
  };
  static_assert(wire::Struct<Encoded> && sizeof(Encoded) == kChecksumBytes);
  return wire::ToBytes(Encoded{wire::Le32(~plain_), wire::Le32(~swapped_)});
}

}  // namespace svsm::cocoonfs
