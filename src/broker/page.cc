#include "svsm/broker/page.h"

#include <string_view>

#include "broker/admin_json.h"
#include "svsm/core/hosted.h"

namespace svsm::broker {
namespace {

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--bg:#fbfbfa;--fg:#1d1f21;--dim:#5d6166;--card:#fff;--line:#d9dbde;
--good:#17693a;--bad:#a61b1b}
@media(prefers-color-scheme:dark){:root{--bg:#16181a;--fg:#e7e8ea;--dim:#a2a7ad;--card:#1f2225;
--line:#3a3f44;--good:#6fcf97;--bad:#ff8a80}}
body{background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif;margin:0 auto;
max-width:72rem;padding:1.5rem}
h1{margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.25rem 0}.dim{color:var(--dim)}
.scroll{overflow-x:auto}
table{background:var(--card);border:1px solid var(--line);border-collapse:collapse;width:100%}
th,td{border-bottom:1px solid var(--line);padding:.4rem .6rem;text-align:left;vertical-align:top}
th{color:var(--dim);font-weight:600;white-space:nowrap}
code{font-family:ui-monospace,monospace;font-size:.85em;overflow-wrap:anywhere}
.affirmed{color:var(--good);font-weight:600}.refused{color:var(--bad);font-weight:600}
.number{font-variant-numeric:tabular-nums;text-align:right}.when{white-space:nowrap}
)css";

// Bytes of a UTF-8 character that begins here; 0 if none does.
std::size_t CharacterSize(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t size = byte(0) < 0x80    ? 1
                           : byte(0) >= 0xF0 ? 4
                           : byte(0) >= 0xE0 ? 3
                           : byte(0) >= 0xC2 ? 2
                                             : 0;
  if (size == 0 || size > text.size() || byte(0) > 0xF4) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and beyond the last character.
  if (byte(0) == 0xE0 && byte(1) < 0xA0) return 0;
  if (byte(0) == 0xED && byte(1) >= 0xA0) return 0;
  if (byte(0) == 0xF0 && byte(1) < 0x90) return 0;
  if (byte(0) == 0xF4 && byte(1) >= 0x90) return 0;
  return size;
}

// Text for an element or a quoted attribute. What HTML does not allow becomes U+FFFD.
std::string Escape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = CharacterSize(text);
    const char c = text.front();
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\'') {
      out += "&#39;";
    } else if (size == 0 || (size == 1 && (c < 0x20 || c == 0x7F))) {
      out += "&#xFFFD;";
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

std::string Cell(std::string_view content, std::string_view css = {}) {
  std::string out = "<td";
  if (!css.empty()) out += " class=\"" + std::string(css) + '"';
  return out + '>' + std::string(content) + "</td>";
}

std::string Code(std::string_view text) { return "<code>" + Escape(text) + "</code>"; }

// The first digits, all of them when pointed at.
std::string Short(ByteView bytes) {
  const std::string hex = ToHex(bytes);
  return "<code title=\"" + hex + "\">" + hex.substr(0, 12) + "…</code>";
}

std::string When(std::int64_t at) {
  const std::string text = FormatRfc3339(at);
  return "<time datetime=\"" + text + "\">" + text + "</time>";
}

std::string Head(std::string_view title, std::string_view none, bool empty,
                 std::initializer_list<std::string_view> columns) {
  std::string out = "<h2>" + std::string(title) + "</h2>\n";
  if (empty) return out + "<p class=\"dim\">" + std::string(none) + "</p>\n";
  out += "<div class=\"scroll\"><table>\n<thead><tr>";
  for (const std::string_view column : columns) {
    out += "<th scope=\"col\">" + std::string(column) + "</th>";
  }
  return out + "</tr></thead>\n<tbody>\n";
}

constexpr std::string_view kEnd = "</tbody>\n</table></div>\n";

std::string BootRow(const Session& session) {
  const Verdict& verdict = session.verdict;
  std::string row = "<tr>" + Cell(When(verdict.at), "when");
  if (verdict.affirmed) {
    row += Cell("affirmed", "affirmed") + Cell(Short(session.vm)) +
           Cell(std::to_string(session.boot.value), "number") + Cell("");
  } else {
    row += Cell("refused", "refused") + Cell("") + Cell("") +
           Cell(Escape(verdict.reasons) + " <span class=\"dim\">(id " + Escape(verdict.error_id) +
                ")</span>");
  }
  row += Cell(verdict.affirmed ? BindingName(verdict.mode) : "");
  row += Cell(IsZero(verdict.measurement) ? std::string() : Short(verdict.measurement));
  return row + Cell(Code(verdict.peer)) + "</tr>\n";
}

std::string Boots(const PageData& data) {
  std::string out =
      Head("Boots", "Nobody has attested yet.", data.sessions.empty(),
           {"When", "Verdict", "Guest", "Boot", "Why", "Binding", "Measurement", "From"});
  if (data.sessions.empty()) return out;
  for (const Session& session : data.sessions) out += BootRow(session);
  return out += kEnd;
}

std::string Guests(const PageData& data) {
  std::string out = Head("Guests", "No guest has booted yet.", data.guests.empty(),
                         {"Guest", "Boots", "Last boot"});
  if (data.guests.empty()) return out;
  for (const Guest& guest : data.guests) {
    out += "<tr>" + Cell(Code(ToHex(guest.vm))) +
           Cell(std::to_string(guest.boots.value), "number") + Cell(When(guest.last_at), "when") +
           "</tr>\n";
  }
  return out += kEnd;
}

std::string Requests(const PageData& data) {
  std::string out = Head("Boot requests", "None is open.", data.requests.empty(),
                         {"Guest", "Boots left", "Until"});
  if (data.requests.empty()) return out;
  for (const BootRequest& request : data.requests) {
    out += "<tr>" + Cell(Code(ToHex(request.vm))) +
           Cell(std::to_string(request.uses_left), "number") +
           Cell(When(request.not_after) + (request.not_after < data.now ? " (over)" : ""), "when") +
           "</tr>\n";
  }
  return out += kEnd;
}

}  // namespace

std::string RenderPage(const PageData& data) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>Key broker</title>\n<style>";
  out += kStyle;
  out += "</style>\n</head>\n<body>\n<main>\n<h1>Key broker</h1>\n<p class=\"dim\">As of " +
         When(data.now) + ". Policy " + Code(data.policy_id) + ".</p>\n";
  for (std::size_t i = 0; i < data.key_ids.size(); ++i) {
    out += "<p class=\"dim\">" +
           std::string(i == 0 ? "Secrets are signed by key " : "Still good: key ") +
           Code(data.key_ids[i]) + ".</p>\n";
  }
  return out + Boots(data) + Guests(data) + Requests(data) + "</main>\n</body>\n</html>\n";
}

}  // namespace svsm::broker
