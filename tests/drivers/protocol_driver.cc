// Drives the protocol from a script: what is resolved for a model file, and
// renderings of requests.
//
//   protocol_driver show MODEL.gguf...      one line of JSON each, as `show`
//   protocol_driver print MODEL.gguf        the lines for people
//   protocol_driver render MODEL.gguf       requests from standard input, one
//     JSON object a line (messages, tools, documents, variables,
//     add_generation_prompt, prefill, normalize, kept); one line of JSON each:
//     text, ids, spans, sources, kept, or error
#include <cstdio>
#include <iostream>
#include <string>
#include <utility>

#include "base/error.h"
#include "format/gguf.h"
#include "protocol/normalize.h"
#include "protocol/render.h"
#include "protocol/show.h"
#include "protocol/turn_protocol.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

std::shared_ptr<const TurnProtocol> Load(const char* path) {
  const GgufFile file = GgufFile::Open(path);
  return TurnProtocol::Resolve(
      SourcesFromGguf(file, Tokenizer::FromGguf(file)));
}

RenderRequest ReadRequest(const TurnProtocol& protocol, const Json& json) {
  RenderRequest request;
  request.messages = json.at("messages");
  if (json.value("normalize", false)) {
    request.messages =
        NormalizeMessages(std::move(request.messages), protocol.facts().form)
            .messages;
  }
  if (json.contains("tools")) request.tools = json["tools"];
  if (json.contains("documents")) request.documents = json["documents"];
  if (json.contains("variables")) request.variables = json["variables"];
  request.add_generation_prompt = json.value("add_generation_prompt", true);
  request.prefill = json.value("prefill", "");
  request.now = [] { return std::time_t{0}; };
  if (json.contains("kept")) {
    for (const auto& [index, ids] : json["kept"].items()) {
      request.kept[std::stoul(index)] = ids.get<std::vector<TokenId>>();
    }
  }
  return request;
}

Json KeptJson(const RenderedPrompt& prompt) {
  Json list = Json::array();
  for (const KeptReport& report : prompt.kept) {
    Json places = Json::array();
    for (const Reencoded& place : report.reencoded) {
      places.push_back({{"begin", place.begin},
                        {"end", place.end},
                        {"field", place.field},
                        {"reason", place.reason}});
    }
    list.push_back({{"message", report.message},
                    {"ids_kept", report.ids_kept},
                    {"stop_written", report.stop_written},
                    {"reencoded", places}});
  }
  return list;
}

Json RenderLine(const TurnProtocol& protocol, const std::string& line) {
  try {
    const RenderedPrompt prompt =
        Render(protocol, ReadRequest(protocol, Json::parse(line)));
    Json json = ToJson(prompt);
    json["sources"] = Json::array();
    for (const EncodedToken& token : prompt.ids) {
      json["sources"].push_back({token.source.begin, token.source.end});
    }
    json["thought_open"] = prompt.thought_open;
    json["kept"] = KeptJson(prompt);
    return json;
  } catch (const Error& error) {
    return {{"error", error.message()}};
  }
}

int Run(int argc, char** argv) {
  const std::string mode = argc > 2 ? argv[1] : "";
  for (int i = 2; mode == "show" && i < argc; ++i) {
    std::cout << ToJson(Load(argv[i])->facts()).dump() << "\n";
  }
  if (mode == "print") {
    std::cout << PrintProtocol(Load(argv[2])->facts(), false);
  }
  if (mode == "render") {
    const auto protocol = Load(argv[2]);
    std::string line;
    while (std::getline(std::cin, line)) {
      std::cout << RenderLine(*protocol, line).dump() << "\n";
    }
  }
  return 0;
}

}  // namespace
}  // namespace fullstop

int main(int argc, char** argv) {
  try {
    return fullstop::Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
