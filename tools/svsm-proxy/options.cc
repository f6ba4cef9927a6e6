#include "tools/svsm-proxy/options.h"

#include <curl/curl.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <vector>

#include "svsm/core/hosted.h"
#include "svsm/kbs/messages.h"
#include "svsm/kbs/proxy_session.h"

namespace svsm::tool {
namespace {

// What CLI11 calls for a value; an empty answer: it is fine.
std::string CheckUrl(const std::string& text) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> url(curl_url(), curl_url_cleanup);
  const auto part = [&url](CURLUPart which) {
    char* value = nullptr;
    curl_url_get(url.get(), which, &value, 0);
    std::string copy = value == nullptr ? "" : value;
    curl_free(value);
    return copy;
  };
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    return "no URL: " + text;
  }
  const std::string scheme = part(CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return "neither http nor https: " + text;
  if (!part(CURLUPART_QUERY).empty() || !part(CURLUPART_FRAGMENT).empty()) {
    return "paths are put behind the URL, so it can have no query: " + text;
  }
  return "";
}

std::string CheckResource(const std::string& text) {
  return kbs::ParseResourceName(AsBytes(text)).ok() ? "" : "not repository/type/tag: " + text;
}

void AddTimeout(CLI::App& app, const char* name, std::chrono::seconds& value, const char* what) {
  app.add_option_function<unsigned>(
         name, [&value](unsigned seconds) { value = std::chrono::seconds(seconds); }, what)
      ->check(CLI::Range(1u, 86400u))
      ->default_str(std::to_string(value.count()))
      ->type_name("SECONDS");
}

}  // namespace

std::optional<ProxyOptions> ParseOptions(int argc, char** argv, int& exit_code) {
  ProxyOptions options;
  const auto resource = kbs::ProxySessionConfig::kDefaultResource;
  options.resource.assign(resource.begin(), resource.end());
  std::vector<std::string> vsock;
  std::string protocol = "kbs";

  CLI::App app("Carries attestation between SVSMs on this host and a key broker.", "svsm-proxy");
  CLI::Option* unix_option =
      app.add_option("--unix", options.unix_path, "Listen on this UNIX socket")->type_name("PATH");
  app.add_flag("--force", options.force, "Replace a socket that is there already")
      ->needs(unix_option);
  CLI::Option* vsock_option =
      app.add_option("--vsock", vsock, "Listen on this vsock port (1995 if none is given)")
          ->expected(0, 1)
          ->type_name("PORT")
          ->excludes(unix_option);
  app.add_option("--url", options.url, "The broker's URL")->required()->check(CheckUrl);
  app.add_option("--protocol", protocol, "What the broker speaks")
      ->check(CLI::IsMember({"kbs"}))
      ->capture_default_str();
  app.add_option("--cacert", options.ca_file,
                 "Trust the roots of this file (PEM), not the system's")
      ->check(CLI::ExistingFile);
  app.add_option("--resource", options.resource, "What clients that negotiate get")
      ->check(CheckResource)
      ->capture_default_str();
  app.add_option("--max-clients", options.max_clients, "Clients at one time; more are told so")
      ->check(CLI::Range(std::size_t{1}, std::size_t{4096}))
      ->capture_default_str();
  app.add_option("--max-clients-per-peer", options.max_clients_per_peer,
                 "The same, of one VM or of one process of this host")
      ->check(CLI::Range(std::size_t{1}, std::size_t{4096}))
      ->capture_default_str();
  AddTimeout(app, "--broker-timeout", options.broker_timeout, "For an answer of the broker");
  AddTimeout(app, "--frame-timeout", options.frame_timeout, "For a client to send or take a frame");
  AddTimeout(app, "--idle-timeout", options.idle_timeout, "Between a client's frames");
  AddTimeout(app, "--forward-idle-timeout", options.forward_idle_timeout,
             "Between frames of a client that forwards");
  try {
    app.parse(argc, argv);
    if (vsock_option->count() == 0 && unix_option->count() == 0) {
      throw CLI::RequiredError("--unix or --vsock");
    }
    if (!vsock.empty() && !vsock[0].empty()) {
      unsigned long port = 0;
      if (!CLI::detail::lexical_cast(vsock[0], port) || port >= UINT32_MAX) {
        throw CLI::ValidationError("--vsock", "no port: " + vsock[0]);
      }
      options.vsock_port = static_cast<std::uint32_t>(port);
    }
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : 2;
    return std::nullopt;
  }
  while (!options.url.empty() && options.url.back() == '/') options.url.pop_back();
  return options;
}

}  // namespace svsm::tool
