#include "issues/fixture.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "engine/stop_config.h"
#include "generate/utf8_joiner.h"
#include "model/table_model.h"
#include "protocol/reply_cases.h"

namespace fullstop {
namespace {

constexpr float kSaid = 20;  // the logit of what the script says

std::string RandomName(std::mt19937_64* random) {
  std::string name = "<|";
  for (int i = 0; i < 7; ++i) {
    name += static_cast<char>('a' + (*random)() % 26);
  }
  return name + "|>";
}

Json Walk(const Json& value, const std::function<Json(const Json&)>& change) {
  if (!value.is_structured()) return change(value);
  Json copy = value;
  for (Json& child : copy) child = Walk(child, change);
  return copy;
}

// A vocabulary of the 256 bytes and the tokens behind them, as tokenizer.json.
Json TokenizerJson(const std::vector<std::string>& control,
                   const std::vector<std::string>& added) {
  Json vocabulary = Json::object();
  for (int byte = 0; byte < 256; ++byte) {
    vocabulary[BytesToAlphabet(std::string(1, static_cast<char>(byte)))] = byte;
  }
  Json tokens = Json::array();
  const auto add = [&tokens](const std::string& text, bool special) {
    tokens.push_back({{"id", 256 + tokens.size()},
                      {"content", text},
                      {"special", special},
                      {"normalized", false}});
  };
  for (const std::string& text : control) add(text, true);
  for (const std::string& text : added) add(text, false);
  return {
      {"added_tokens", tokens},
      {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
      {"decoder", {{"type", "ByteLevel"}}},
      {"model",
       {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", Json::array()}}}};
}

void AddKey(const std::string& key, const Json& value, ByteModel* model) {
  if (key == "fullstop.stop_token_ids") {
    model->StopIds(value.get<std::vector<int32_t>>());
  } else if (value.is_array()) {
    model->Strings(key, value.get<std::vector<std::string>>());
  } else if (value.is_boolean()) {
    model->Flag(key, value.get<bool>());
  } else if (value.is_number_integer()) {
    model->Integer(key, value.get<int32_t>());
  } else if (value.is_number()) {
    model->Floats(key, value.get<float>());
  } else {
    model->Text(key, value.get<std::string>());
  }
}

// Says the script of the present turn. Behind the token that closes a thought,
// where that came from elsewhere, it goes on with another one.
class ScriptedModel {
 public:
  ScriptedModel(const FixtureModel& model, const Json& play)
      : model_(model), rival_(play.value("rival", Json::object())) {
    if (rival_.contains("text"))
      rival_id_ = model.Ids(std::string(rival_["text"]))[0];
    const auto& closing = model.protocol().facts().reasoning.closing;
    if (closing && play.contains("behind_thought")) {
      closing_ = closing->ids[0];
      behind_ = model.Ids(std::string(play["behind_thought"]));
    }
  }

  void Begin(const std::string& script, size_t prompt) {
    says_ = model_.Ids(script);
    prompt_ = prompt;
  }
  const std::vector<TokenId>& says() const { return says_; }

  std::vector<float> Logits(std::span<const TokenId> ids) const {
    std::vector<float> logits(model_.size(), 0.0f);
    if (ids.size() < prompt_) return logits;
    const auto reply = ids.subspan(prompt_);
    size_t said = reply.size();
    const std::vector<TokenId>* says = &says_;
    const auto closed = std::find(reply.begin(), reply.end(), closing_);
    if (closing_ >= 0 && closed != reply.end()) {
      said = static_cast<size_t>(reply.end() - closed) - 1;
      says = &behind_;
    }
    const TokenId next = said < says->size() ? (*says)[said] : 'z';
    logits[static_cast<size_t>(next)] = kSaid;
    const bool at_ends = rival_.value("at", "") == "ends";
    if (rival_id_ >= 0 && (!at_ends || next >= 256)) {
      logits[static_cast<size_t>(rival_id_)] = rival_["logit"];
    }
    return logits;
  }

 private:
  const FixtureModel& model_;
  Json rival_;
  TokenId rival_id_ = -1;
  std::vector<TokenId> says_;
  std::vector<TokenId> behind_;
  TokenId closing_ = -1;
  size_t prompt_ = 0;
};

// Puts a stream together as a surface does.
class Stream : public ReplyObserver {
 public:
  void OnStep(const GenerationStep& step, const StopMachine&) override {
    for (const ReplyEvent& event : step.said) {
      if (event.kind == ReplyEventKind::kContent) {
        text_ += joiner_.Put(event.text);
      }
    }
    if (step.end) text_ += joiner_.Finish();
  }
  const std::string& text() const { return text_; }

 private:
  Utf8Joiner joiner_;
  std::string text_;
};

GenerationOptions OptionsOf(const FixtureModel& model, const Json& play) {
  GenerationOptions options;
  options.sampling = SamplingFrom(play.value("sampling", Json::object()));
  options.suppress = model.suppressed();
  options.on_loop = OnLoop::kWarn;
  options.stops.stop_strings = play.value("stop", std::vector<std::string>());
  if (!play.contains("context")) {
    options.stops.max_tokens = play.value("max_tokens", uint64_t{400});
  }
  if (play.contains("budget")) options.reasoning_budget = play["budget"];
  for (const std::string token : play.value("callers_stops", Json::array())) {
    options.stops.stops.stops.push_back(
        {model.Id(token), token, StopRole::kTurnEnd, {}});
  }
  return options;
}

// A text without the template, for completion.
PlayedTurn PlayRaw(const FixtureModel& model, const Json& play,
                   const Json& turn, TableModel* table, ScriptedModel* script) {
  const std::vector<TokenId> prompt = model.Ids(std::string(turn["raw"]));
  script->Begin(turn["says"], prompt.size());
  GenerationOptions options = OptionsOf(model, play);
  StopConfig stops = StopConfigFor(model.protocol().facts(), false);
  MergeUserStops(options.stops, &stops);
  options.stops = std::move(stops);
  CachedSequence sequence(*table, 0);
  Stream stream;
  PlayedTurn held;
  held.turn.reply =
      GenerateReply(model.protocol(), sequence, prompt, options, stream);
  held.streamed = stream.text();
  held.cached = sequence.ids();
  return held;
}

double EndDrawnWith(const Reply& reply) {
  if (reply.tail.empty()) return 0;
  const SampleRecord& record = reply.tail.back().record;
  return reply.end.id ? record.drawn_with : 1 - record.drawn_with;
}

}  // namespace

std::vector<Json> ReadFixtures() {
  std::map<std::string, Json> fixtures;
  for (const auto& entry : std::filesystem::directory_iterator(
           FULLSTOP_SOURCE_DIR "/issues/fixtures")) {
    const std::string id = entry.path().stem().string();
    fixtures[id] = Json::parse(ReadFile(entry.path().string()));
    fixtures[id]["id"] = id;
  }
  std::vector<Json> all;
  for (auto& [id, fixture] : fixtures) all.push_back(std::move(fixture));
  return all;
}

Json Renamed(const Json& fixture, std::mt19937_64* random) {
  std::map<std::string, std::string> names;
  const Json families = fixture.value("families", Json::object());
  for (const char* kind : {"control", "added"}) {
    for (const std::string token : fixture.value(kind, Json::array())) {
      names[token] = RandomName(random);
      if (!families.contains(token)) continue;
      const Json& family = families[token];
      names[token] = family[(*random)() % family.size()];
    }
  }
  for (const std::string token : fixture.value("as_named", Json::array())) {
    names.erase(token);
  }
  Json renamed = Walk(fixture, [&names](const Json& value) -> Json {
    if (!value.is_string()) return value;
    std::string text = value;
    for (const auto& [from, to] : names) {
      for (size_t at = text.find(from); at != std::string::npos;
           at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
      }
    }
    return text;
  });
  for (const char* kind : {"control", "added"}) {
    if (!fixture.contains(kind)) continue;
    std::vector<std::string> order = renamed[kind];
    const size_t more = kind == std::string("control") ? (*random)() % 6 : 0;
    for (size_t i = 0; i < more; ++i) order.push_back(RandomName(random));
    std::shuffle(order.begin(), order.end(), *random);
    renamed[kind] = order;
  }
  return renamed;
}

std::vector<Json> Turns(const Json& play) {
  return play.contains("turns") ? play["turns"].get<std::vector<Json>>()
                                : std::vector<Json>{play};
}

FixtureModel::FixtureModel(const Json& fixture)
    : fixture_(fixture),
      control_(fixture.value("control", std::vector<std::string>())),
      added_(fixture.value("added", std::vector<std::string>())) {
  path_ = Write();
  loaded_ = std::make_unique<LoadedModel>(path_);
}

FixtureModel::~FixtureModel() {
  loaded_.reset();
  std::filesystem::remove_all(path_);
}

std::string FixtureModel::Write() const {
  static int count = 0;
  const std::string path = (std::filesystem::temp_directory_path() /
                            ("fullstop_issue_" + std::to_string(getpid()) +
                             "_" + std::to_string(count++)))
                               .string();
  if (!fixture_.contains("folder")) {
    ByteModel model(control_, added_);
    model.Template(fixture_["template"]);
    const Json keys = WithIds(fixture_.value("gguf", Json::object()));
    for (const auto& [key, value] : keys.items()) AddKey(key, value, &model);
    WriteFileAtomically(path + ".gguf", model.Write());
    return path + ".gguf";
  }
  std::filesystem::create_directories(path);
  Json files = WithIds(fixture_["folder"]);
  files["config.json"]["model_type"] = "llama";
  files["tokenizer.json"] = TokenizerJson(control_, added_);
  for (const auto& [name, content] : files.items()) {
    WriteFileAtomically(path + "/" + name, content.dump());
  }
  WriteFileAtomically(path + "/chat_template.jinja",
                      std::string(fixture_["template"]));
  return path;
}

// {"token": TEXT} is the id of that token.
Json FixtureModel::WithIds(const Json& value) const {
  if (value.is_object() && value.size() == 1 && value.contains("token")) {
    return Id(std::string(value["token"]));
  }
  if (!value.is_structured()) return value;
  Json copy = value;
  for (Json& child : copy) child = WithIds(child);
  return copy;
}

TokenId FixtureModel::Id(std::string_view token) const {
  std::vector<std::string> all = control_;
  all.insert(all.end(), added_.begin(), added_.end());
  const auto found = std::find(all.begin(), all.end(), token);
  if (found == all.end()) {
    throw std::invalid_argument("no token " + std::string(token));
  }
  return static_cast<TokenId>(256 + (found - all.begin()));
}

std::vector<TokenId> FixtureModel::Ids(std::string_view text) const {
  std::vector<TokenId> ids;
  for (const ReplyCase::Part& part : CaseParts(protocol(), text)) {
    if (part.id) {
      ids.push_back(*part.id);
      continue;
    }
    for (const char byte : part.bytes) {
      ids.push_back(static_cast<unsigned char>(byte));
    }
  }
  return ids;
}

std::string FixtureModel::Text(std::span<const TokenId> ids) const {
  std::string text;
  for (const TokenId id : ids) {
    const bool hidden =
        id >= 256 && static_cast<size_t>(id) < 256 + control_.size();
    if (!hidden) text += loaded_->tokenizer().TokenBytes(id);
  }
  return text;
}

Json FixtureModel::Declared(const std::string& file,
                            const std::string& field) const {
  Json value = WithIds(fixture_.value("folder", Json::object()));
  value = file == "gguf" ? WithIds(fixture_["gguf"]) : value[file];
  std::string_view path = field;
  while (!path.empty()) {
    const size_t dot = file == "gguf" ? path.size() : path.find('.');
    value = value.at(std::string(path.substr(0, dot)));
    path.remove_prefix(std::min(path.size(), dot));
    if (path.starts_with('.')) path.remove_prefix(1);
  }
  return value.is_string() ? Json(Id(std::string(value))) : value;
}

std::vector<TokenId> FixtureModel::Prompt(const Json& messages) const {
  RenderRequest request;
  request.messages = messages;
  return Render(protocol(), request).TokenIds();
}

std::vector<PlayedTurn> Play(const FixtureModel& model, const Json& play) {
  ScriptedModel script(model, play);
  TableModel table(
      static_cast<int32_t>(model.size()), play.value("context", 4096),
      [&](std::span<const TokenId> ids) { return script.Logits(ids); });
  Conversation conversation(model.protocol(), table);
  if (play.value("tools", false)) conversation.request().tools = CaseTools();
  std::vector<PlayedTurn> played;
  for (const Json& turn : Turns(play)) {
    if (turn.contains("raw")) {
      played.push_back(PlayRaw(model, play, turn, &table, &script));
      continue;
    }
    conversation.messages().push_back(
        {{"role", "user"}, {"content", CaseText(turn.value("user", "Hm?"))}});
    PlayedTurn held;
    size_t prompt = 0;
    try {
      prompt = conversation.Prompt().ids.size();
    } catch (const Error& error) {
      held.error = error.what();
      played.push_back(std::move(held));
      continue;
    }
    script.Begin(turn["says"], prompt);
    Stream stream;
    held.turn = conversation.Reply(OptionsOf(model, play), stream);
    held.streamed = stream.text();
    held.cached = conversation.cached_ids();
    held.end_drawn_with = EndDrawnWith(held.turn.reply);
    played.push_back(std::move(held));
  }
  return played;
}

SamplingParams SamplingFrom(const Json& json) {
  SamplingParams off;
  off.temp = 0;
  off.top_p = 1;
  off.min_p = 0;
  const auto set = [&json](const char* name, auto* field) {
    *field = json.value(name, *field);
  };
  set("seed", &off.seed);
  set("temp", &off.temp);
  set("dynatemp_range", &off.dynatemp_range);
  set("dynatemp_exponent", &off.dynatemp_exponent);
  set("top_k", &off.top_k);
  set("top_p", &off.top_p);
  set("min_p", &off.min_p);
  set("typ_p", &off.typ_p);
  set("top_n_sigma", &off.top_n_sigma);
  set("xtc_probability", &off.xtc_probability);
  set("xtc_threshold", &off.xtc_threshold);
  set("min_keep", &off.min_keep);
  set("repeat_last_n", &off.repeat_last_n);
  set("repeat_penalty", &off.repeat_penalty);
  set("frequency_penalty", &off.frequency_penalty);
  set("presence_penalty", &off.presence_penalty);
  set("dry_multiplier", &off.dry_multiplier);
  set("dry_base", &off.dry_base);
  set("dry_allowed_length", &off.dry_allowed_length);
  set("dry_penalty_last_n", &off.dry_penalty_last_n);
  set("dry_sequence_breakers", &off.dry_sequence_breakers);
  set("mirostat", &off.mirostat);
  set("mirostat_ent", &off.mirostat_ent);
  set("mirostat_lr", &off.mirostat_lr);
  set("ignore_eos", &off.ignore_eos);
  if (json.contains("samplers")) {
    off.samplers = ParseSamplerOrder(json["samplers"].get<std::string>());
  }
  for (const Json& bias : json.value("logit_bias", Json::array())) {
    off.logit_bias.push_back({bias[0], bias[1]});
  }
  return off;
}

}  // namespace fullstop
