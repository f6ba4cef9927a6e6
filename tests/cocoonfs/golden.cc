#include "tests/cocoonfs/golden.h"

#include <zlib.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "svsm/crypto/openssl.h"

namespace svsm::cocoonfs {
namespace {

using Row = std::map<std::string, std::string>;

std::string Folder() {
  const char* const dir = std::getenv("SVSM_VECTORS_DIR");
  return dir == nullptr ? std::string() : std::string(dir) + "/cocoonfs/";
}

std::vector<std::string> Fields(const std::string& line) {
  std::vector<std::string> fields(1);
  for (const char c : line) {
    if (c == '\t') {
      fields.emplace_back();
    } else {
      fields.back().push_back(c);
    }
  }
  return fields;
}

std::vector<Row> ReadTable(const std::string& path) {
  std::vector<Row> rows;
  std::ifstream in(path);
  std::string line;
  if (!std::getline(in, line)) return rows;
  const std::vector<std::string> names = Fields(line);
  while (std::getline(in, line)) {
    const std::vector<std::string> fields = Fields(line);
    Row row;
    for (std::size_t i = 0; i < names.size() && i < fields.size(); ++i) row[names[i]] = fields[i];
    rows.push_back(row);
  }
  return rows;
}

ByteVector FromHex(const std::string& text) {
  ByteVector out;
  if (text == "(empty)" || text == "-") return out;
  const std::size_t times = text.find(" x ");  // "5a x 300"
  if (times != std::string::npos) {
    out.assign(std::stoul(text.substr(times + 3)),
               static_cast<std::uint8_t>(std::stoul(text.substr(0, times), nullptr, 16)));
    return out;
  }
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    if (text[i] == '-') --i;
    out.push_back(static_cast<std::uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
  }
  return out;
}

ByteVector UuidFromText(const std::string& text) {
  std::string hex;
  for (const char c : text) {
    if (c != '-') hex.push_back(c);
  }
  return FromHex(hex);
}

// A decimal number of up to 128 bits.
ByteVector CounterFromText(const std::string& text) {
  ByteVector out;
  if (text == "-" || text.empty()) return out;
  out.assign(16, 0);
  for (const char c : text) {
    unsigned carry = static_cast<unsigned>(c - '0');
    for (std::uint8_t& byte : out) {
      carry += byte * 10U;
      byte = static_cast<std::uint8_t>(carry & 0xFF);
      carry >>= 8;
    }
  }
  return out;
}

// SHA-256 of "label:0", "label:1", ... one after the other.
ByteVector DataOf(const std::string& label, std::size_t size) {
  ByteVector out;
  for (std::size_t i = 0; out.size() < size; ++i) {
    const std::string text = label + ":" + std::to_string(i);
    Bytes<32> digest{};
    const ByteVector bytes(text.begin(), text.end());
    if (!crypto::OpensslHash(crypto::HashAlg::kSha256).Digest(bytes, digest).ok()) abort();
    out.insert(out.end(), digest.begin(), digest.end());
  }
  out.resize(size);
  return out;
}

GoldenImage FromRow(const Row& row) {
  const auto text = [&row](const char* name) {
    const auto it = row.find(name);
    return it == row.end() ? std::string() : it->second;
  };
  GoldenImage image;
  image.name = text("image");
  image.key = FromHex(text("key"));
  image.salt = FromHex(text("salt"));
  image.hash = text("hash");
  image.cipher = text("cipher");
  image.device_block_bytes = text("device-block") == "-f" ? 128 : 4096;
  image.state = text("state");
  image.root_digest = FromHex(text("root-digest"));
  image.counter = CounterFromText(text("update-counter"));
  image.allocated_blocks = std::strtoull(text("shape").c_str(), nullptr, 10);
  return image;
}

std::vector<GoldenImage> ReadAll() {
  std::vector<GoldenImage> images;
  const std::string folder = Folder();
  if (folder.empty()) return images;
  std::map<std::string, std::size_t> index;
  for (const Row& row : ReadTable(folder + "images.tsv")) {
    images.push_back(FromRow(row));
    index[images.back().name] = images.size() - 1;
  }
  for (Row& row : ReadTable(folder + "files.tsv")) {
    GoldenFile file;
    file.inode = std::stoull(row["inode"]);
    file.flags = static_cast<std::uint8_t>(std::stoul(row["flags"]));
    file.data = DataOf(row["label"], std::stoul(row["size"]));
    images[index.at(row["image"])].files.push_back(file);
  }
  for (Row& row : ReadTable(folder + "aux.tsv")) {
    images[index.at(row["image"])].aux.push_back(
        {UuidFromText(row["uuid"]), DataOf(row["label"], std::stoul(row["size"]))});
  }
  return images;
}

}  // namespace

ByteVector GoldenImage::Load() const {
  ByteVector out;
  // zlib reads files that are not compressed as they are.
  gzFile const file = gzopen((Folder() + name).c_str(), "rb");
  if (file == nullptr) abort();
  Bytes<65536> chunk{};
  for (int size; (size = gzread(file, chunk.data(), static_cast<unsigned>(chunk.size()))) > 0;) {
    out.insert(out.end(), chunk.begin(), chunk.begin() + size);
  }
  gzclose(file);
  return out;
}

const std::vector<GoldenImage>& GoldenImages() {
  static const std::vector<GoldenImage> images = ReadAll();
  return images;
}

std::vector<GoldenImage> GoldenImagesIn(const std::string& state) {
  std::vector<GoldenImage> out;
  for (const GoldenImage& image : GoldenImages()) {
    if (image.state.compare(0, state.size(), state) == 0) out.push_back(image);
  }
  return out;
}

const GoldenImage* FindGolden(const std::string& name) {
  for (const GoldenImage& image : GoldenImages()) {
    if (image.name == name) return &image;
  }
  return nullptr;
}

}  // namespace svsm::cocoonfs
