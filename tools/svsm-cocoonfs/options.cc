#include "tools/svsm-cocoonfs/options.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace svsm::cocoonfs_tool {
namespace {

constexpr std::size_t kLeastBlock = 128;
constexpr std::size_t kReadPiece = 64 << 10;

// Odd numbers of digits get a zero in front, as in the Rust tool.
ByteVector ParseHex(std::string text, const char* what) {
  if (text.size() % 2 != 0) text.insert(0, 1, '0');
  Result<ByteVector> bytes = FromHex(text);
  Wipe(ByteSpan(static_cast<std::uint8_t*>(static_cast<void*>(text.data())), text.size()));
  if (!bytes.ok()) throw Failure{kUsage, fmt::format("{}: not hexadecimal", what)};
  return *std::move(bytes);
}

// Reads to the end. Buffers that are outgrown are wiped.
ByteVector ReadDescriptor(int fd, const std::string& name) {
  ByteVector bytes;
  std::size_t size = 0;
  for (;;) {
    if (bytes.size() - size < kReadPiece) {
      ByteVector larger(2 * bytes.size() + kReadPiece);
      Copy(larger, ByteView(bytes).first(size));
      Wipe(bytes);
      bytes = std::move(larger);
    }
    const ssize_t got = ::read(fd, bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Failure{kOtherFile, fmt::format("{}: {}", name, std::strerror(errno))};
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  bytes.resize(size);
  return bytes;
}

ByteVector ReadAnyFile(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw Failure{kOtherFile, fmt::format("{}: {}", path, std::strerror(errno))};
  try {
    ByteVector bytes = ReadDescriptor(fd, path);
    ::close(fd);
    return bytes;
  } catch (...) {
    ::close(fd);
    throw;
  }
}

unsigned Log2(std::uint64_t size) { return static_cast<unsigned>(std::bit_width(size) - 1); }

// Logarithm of a block's size. `text` may be empty, for `otherwise`.
unsigned BlockLog2(const std::string& text, const char* what, unsigned otherwise) {
  if (text.empty()) return otherwise;
  const std::uint64_t size = ParseSize(text, what);
  if (size < kLeastBlock || !std::has_single_bit(size)) {
    throw Failure{kUsage, fmt::format("--{}: {} is no power of two from 128B on", what, text)};
  }
  return Log2(size);
}

// Logarithm of `block` in units of `unit`, both as logarithms of bytes.
std::uint8_t Ratio(unsigned block, unsigned unit, unsigned most, const char* what) {
  if (block < unit || block - unit > most) {
    throw Failure{kUsage, fmt::format("--{}: not a multiple of the block that it is made of{}",
                                      what, most == 6 ? " between 1 and 64" : "")};
  }
  return static_cast<std::uint8_t>(block - unit);
}

void SetAlgorithms(const CreationOptions& options, cocoonfs::ImageLayout& layout) {
  using crypto::HashAlg;
  const std::size_t level = options.strength / 64 - 2;
  if (options.hash_family == "sm3" && level != 0) {
    throw Failure{kUsage, "--hash-family sm3 has a strength of 128 only"};
  }
  if (options.cipher == "sm4" && level != 0) {
    throw Failure{kUsage, "--cipher sm4 has a strength of 128 only"};
  }
  constexpr HashAlg kSha2[] = {HashAlg::kSha256, HashAlg::kSha384, HashAlg::kSha512};
  constexpr HashAlg kSha3[] = {HashAlg::kSha3_256, HashAlg::kSha3_384, HashAlg::kSha3_512};
  const bool sha2 = options.hash_family == "sha2";
  const bool sha3 = options.hash_family == "sha3";
  const HashAlg strong = sha2 ? kSha2[level] : sha3 ? kSha3[level] : HashAlg::kSm3;
  const HashAlg plain = sha2 ? kSha2[0] : sha3 ? kSha3[0] : HashAlg::kSm3;
  layout.node_hash = layout.data_hash = strong;
  layout.root_hash = layout.preauth_hash = layout.kdf_hash = plain;
  layout.cipher = options.cipher == "aes"        ? crypto::BlockCipherAlg::kAes
                  : options.cipher == "camellia" ? crypto::BlockCipherAlg::kCamellia
                                                 : crypto::BlockCipherAlg::kSm4;
  layout.key_bits = static_cast<std::uint16_t>(options.strength);
}

}  // namespace

std::uint64_t ParseSize(const std::string& text, const char* what) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  const std::string unit(end, text.data() + text.size());
  constexpr const char* kUnits[] = {"B", "K", "M", "G"};
  const auto* const found = std::find(std::begin(kUnits), std::end(kUnits), unit);
  const bool known = unit.empty() || found != std::end(kUnits);
  const auto shift = unit.empty() ? 0U : 10U * static_cast<unsigned>(found - kUnits);
  if (error != std::errc() || !known || (shift != 0 && size >> (64 - shift) != 0)) {
    throw Failure{
        kUsage, fmt::format("{}: '{}' is no size: digits, then nothing, B, K, M or G", what, text)};
  }
  return size << shift;
}

std::optional<std::uint64_t> ParseReserve(const std::string& text) {
  if (text == "disabled") return std::nullopt;
  return ParseSize(text, "extra reserve capacity");
}

Uuid ParseUuid(const std::string& text) {
  constexpr std::size_t kDashes[] = {8, 13, 18, 23};
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = std::find(std::begin(kDashes), std::end(kDashes), i) != std::end(kDashes);
    if (dash != (text[i] == '-')) break;
    if (!dash) digits.push_back(text[i]);
  }
  const Result<ByteVector> bytes = FromHex(digits);
  if (text.size() != 36 || !bytes.ok() || bytes->size() != 16) {
    throw Failure{kUsage, fmt::format("'{}' is no UUID of the form 8-4-4-4-12", text)};
  }
  Uuid uuid;
  Copy(uuid, *bytes);
  return uuid;
}

std::string UuidText(ByteView uuid) {
  std::string text = ToHex(uuid);
  for (const std::size_t at : {8u, 13u, 18u, 23u}) text.insert(at, 1, '-');
  return text;
}

cocoonfs::ImageLayout ToLayout(const CreationOptions& options) {
  const unsigned allocation = BlockLog2(options.allocation_block, "allocation-block-size", 7);
  const unsigned io = BlockLog2(options.io_block, "io-block-size", std::max(9U, allocation));
  const unsigned data = BlockLog2(options.data_block, "auth-tree-data-block-size", io);
  const unsigned node = BlockLog2(options.tree_node, "auth-tree-node-size", std::max(10U, io));
  const unsigned leaf =
      BlockLog2(options.index_leaf, "inode-index-tree-leaf-node-size", allocation);
  const unsigned internal =
      BlockLog2(options.index_internal, "inode-index-tree-internal-node-size", allocation);
  const unsigned bitmap =
      BlockLog2(options.bitmap_block, "allocation-bitmap-file-block-size", std::max(9U, data));
  cocoonfs::ImageLayout layout;
  layout.allocation_block_log2 = static_cast<std::uint8_t>(allocation - 7);
  layout.io_block_log2 = Ratio(io, allocation, 6, "io-block-size");
  layout.data_block_log2 = Ratio(data, allocation, 6, "auth-tree-data-block-size");
  layout.tree_node_log2 = Ratio(node, io, 63, "auth-tree-node-size");
  layout.index_leaf_log2 = Ratio(leaf, allocation, 6, "inode-index-tree-leaf-node-size");
  layout.index_internal_log2 =
      Ratio(internal, allocation, 6, "inode-index-tree-internal-node-size");
  layout.bitmap_block_log2 = Ratio(bitmap, allocation, 63, "allocation-bitmap-file-block-size");
  SetAlgorithms(options, layout);
  if (const Status status = layout.Validate(); !status.ok()) {
    throw Failure{kBadLayout, fmt::format("no image has these parameters: {}", ToString(status))};
  }
  return layout;
}

ByteVector LoadSalt(const CreationOptions& options) {
  ByteVector salt =
      options.salt_hex ? ParseHex(*options.salt_hex, "--salt") : ReadAnyFile(options.salt_file);
  if (salt.size() > cocoonfs::kMaxSaltSize) {
    throw Failure{kBadLayout,
                  fmt::format("the salt is longer than {} bytes", cocoonfs::kMaxSaltSize)};
  }
  return salt;
}

Key::Key(const KeyOptions& options) {
  if (options.hex) {
    fmt::print(stderr,
               "svsm-cocoonfs: warning: a key on the command line can be seen by everybody on this "
               "machine\n");
    bytes_ = ParseHex(*options.hex, "--key");
  } else if (options.descriptor) {
    bytes_ = ReadDescriptor(*options.descriptor, fmt::format("descriptor {}", *options.descriptor));
  } else {
    bytes_ = ReadAnyFile(options.file);
  }
}

ByteVector ReadInput(const std::string& path) {
  return path.empty() ? ReadDescriptor(STDIN_FILENO, "standard input") : ReadAnyFile(path);
}

void WriteOutput(const std::string& path, ByteView bytes) {
  if (!path.empty()) {
    const Status written = WriteFileAtomically(path, bytes, FileMode::kPrivate);
    if (!written.ok()) throw Failure{kOtherFile, fmt::format("{}: {}", path, ToString(written))};
    return;
  }
  while (!bytes.empty()) {
    const ssize_t put = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      throw Failure{kOtherFile, fmt::format("standard output: {}", std::strerror(errno))};
    }
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
}

}  // namespace svsm::cocoonfs_tool
