#include "tools/svsm-demo/owner.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "svsm/kbs/base64.h"

namespace svsm::demo {
namespace {

constexpr char kSvsmProgram[] = "the genuine SVSM, version 1; its broker's key is ";
constexpr char kVcekFolder[] = "/kds-store/vcek/";

void CopyCoordinate(const nlohmann::json& key, const char* name, Bytes<48>& out) {
  const std::string text = key.at(name);
  Expect("broker's key", kbs::DecodeBase64(kbs::Base64::kUrl, AsBytes(text), out).status());
}

Child StartBroker(Stage& stage, const std::string& data, const std::string& log) {
  return Child(stage.folder,
               {stage.Program("svsm-kbs"), "serve", "--data", data, "--policy", "policy.json",
                "--roots", "machine/roots.pem", "--port", "0", "--listen", "127.0.0.1",
                "--bindings", "own", "--port-file", data + ".port"},
               log);
}

std::string Port(const Stage& stage, const std::string& data) {
  std::string port;
  std::getline(std::ifstream(stage.Path(data + ".port")) >> std::ws, port);
  return port;
}

// `broker` has written its port when it listens.
Child StartProxy(Stage& stage, Child& broker, const std::string& data, const std::string& socket) {
  static_cast<void>(broker.AwaitLine("listening on"));
  return Child(stage.folder,
               {stage.Program("svsm-proxy"), "--unix", socket, "--force", "--url",
                "http://127.0.0.1:" + Port(stage, data)},
               stage.Path(socket + ".log"));
}

// The SVSM's measurement, without a boot: any machine measures it alike.
ByteVector MeasurementOf(Stage& stage) {
  const auto machine = sim::Machine::Launch(stage.platform->sp(), stage.platform->host(),
                                            sim::SvsmImage(AsBytes(stage.program)), {});
  Expect("launch", machine.status());
  return ToVector((*machine)->measurement());
}

void WritePolicy(const Stage& stage) {
  const std::string json =
      "{\"measurements\": [\"" + ToHex(stage.measurement) + "\"], \"vmpl\": 0}\n";
  Expect("policy.json",
         WriteFileAtomically(stage.Path("policy.json"), AsBytes(json), FileMode::kPublic));
}

}  // namespace

kbs::BrokerKey BrokerKeyIn(Stage& stage, const std::string& data) {
  const std::string text = stage.Verifier("svsm-kbs keys --data " + data);
  kbs::BrokerKey broker;
  try {
    const nlohmann::json key = nlohmann::json::parse(text).at("keys").at(0);
    CopyCoordinate(key, "x", broker.x);
    CopyCoordinate(key, "y", broker.y);
  } catch (const nlohmann::json::exception& e) {
    throw StoryEnds{std::string("the broker's key: ") + e.what()};
  }
  return broker;
}

kbs::BrokerPolicy PinnedBroker(const Stage& stage) {
  return {.trust = kbs::BrokerTrust::kPinned, .known = stage.broker};
}

Services::Services(Stage& stage, const std::string& data, const std::string& socket)
    : log_(stage.Path(data + ".log")),
      socket_(stage.Path(socket)),
      broker_(StartBroker(stage, data, log_)),
      proxy_(StartProxy(stage, broker_, data, socket)) {
  static_cast<void>(proxy_.AwaitLine("listening"));
}

std::string Services::LastRefusal() const {
  std::ifstream log(log_);
  std::string last;
  for (std::string line; std::getline(log, line);) {
    if (line.find("refused") != std::string::npos) last = line;
  }
  return last;
}

void PlayOwner(Stage& stage) {
  stage.tell.Chapter("The owner");
  stage.tell.Step("A key broker, on a machine of the owner's: the key that signs its secrets");
  stage.broker = BrokerKeyIn(stage, "kbs");
  stage.tell.Step("goes into the SVSM's measured pages; the measurement goes into the policy");
  stage.program = kSvsmProgram + ToHex(stage.broker.x) + ToHex(stage.broker.y);
  stage.measurement = MeasurementOf(stage);
  WritePolicy(stage);
  stage.tell.Detail("measurement " + ToHex(stage.measurement));
  stage.tell.Step("The broker gets the chip's certificate, and the seed of the disk's key");
  const std::string chip = ToHex(stage.platform->sp().chip().hwid());
  stage.Verifier("mkdir -p kbs" + std::string(kVcekFolder) + chip +
                 " kbs/repository/default/sample && cp machine/certs/vcek.der kbs" +
                 std::string(kVcekFolder) + chip +
                 " && (umask 077; head -c 32 /dev/urandom > kbs/repository/default/sample/test)");
  stage.tell.Step("The host gets a disk that holds nothing yet but how it is to be made");
  stage.Verifier(
      "truncate -s 8M disk.img && svsm-cocoonfs -i disk.img -f write-mkfs-info-header -H sha2 "
      "-C aes -t 128 -s 8M -I $(head -c 16 /dev/urandom | xxd -p)");
}

}  // namespace svsm::demo
