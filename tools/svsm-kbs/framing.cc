#include "tools/svsm-kbs/framing.h"

#include <strings.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace svsm::tool {
namespace {

bool IsTokenCharacter(char c) {
  if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) return true;
  return c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool IsToken(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), IsTokenCharacter);
}

bool IsNumber(const std::string& text) {
  return !text.empty() && text.size() <= 18 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Of which cpp-httplib reads a body.
bool HasBody(const std::string& method) {
  return method == "POST" || method == "PUT" || method == "PATCH" || method == "DELETE";
}

}  // namespace

bool HasOneEnd(const httplib::Request& request) {
  for (const auto& [name, value] : request.headers) {
    if (!IsToken(name)) return false;
  }
  const std::size_t lengths = request.get_header_value_count("Content-Length");
  const std::size_t encodings = request.get_header_value_count("Transfer-Encoding");
  if (lengths + encodings > 1) return false;
  if (encodings == 1) {
    const std::string encoding = request.get_header_value("Transfer-Encoding");
    return HasBody(request.method) && ::strcasecmp(encoding.c_str(), "chunked") == 0;
  }
  if (lengths == 0) return true;
  const std::string length = request.get_header_value("Content-Length");
  if (!IsNumber(length)) return false;
  return HasBody(request.method) || length.find_first_not_of('0') == std::string::npos;
}

}  // namespace svsm::tool
