#include "experiment/yaml_experiment.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/error.hpp"
#include "base/nearest.hpp"
#include "base/quote.hpp"
#include "catalog/yaml_tree.hpp"

namespace host::experiment {
namespace {

using catalog::YamlNode;
using Kind = YamlNode::Kind;

// What becomes of a key: an option, or why it becomes none. "a.*" are all below `a`.
struct Rule {
  std::string_view path;
  std::string_view option;
  std::string_view why = {};
};
constexpr std::string_view of_machine = "what the machine has is found out and recorded; nodes are --set nodes=N";
constexpr std::string_view of_model = "a model is its time for a token: prefill_us_per_token and decode_us_per_token";
constexpr std::array rules = {
    Rule{"workload.total_requests", "total_requests"},
    Rule{"workload.warmup_requests", "warmup_items"},
    Rule{"workload.llm_ratio", "llm_ratio"},
    Rule{"workload.request_rate", "rate"},
    Rule{"workload.arrival_pattern", "arrival"},
    Rule{"workload.input_tokens.min", "input_tokens_min"},
    Rule{"workload.input_tokens.max", "input_tokens_max"},
    Rule{"workload.output_tokens.min", "output_tokens_min"},
    Rule{"workload.output_tokens.max", "output_tokens_max"},
    Rule{"workload.seed", "seed"},
    Rule{"metrics.slo_targets.chat_p99_ms", "slo_chat_ms"},
    Rule{"metrics.slo_targets.embedding_p99_ms", "slo_embedding_ms"},
    Rule{"metrics.report_interval_s", "interval"},
    Rule{"metrics.latency_percentiles", "", "p50, p95 and p99 are in every record"},
    Rule{"experiment.section", "", "it numbers a chapter"},
    Rule{"hardware.*", "", of_machine},
    Rule{"models.*", "", of_model},
    Rule{"output.results_dir", "", "give --output-dir"},
    Rule{"output.save_raw_data", "", "all records are kept; single requests are request_log = \"jsonl\""},
    Rule{"output.generate_plots", "", "the comparison's page always has its figures"},
    Rule{"output.export_latex", "", "sage-host report RUN --latex DIR writes it afterwards"},
    Rule{"extra.*", "", "the Python package does not read it either"},
};
// Transactions have neither classes of a model nor tokens.
constexpr std::array of_model_requests = {"llm_ratio",         "input_tokens_min",  "input_tokens_max",
                                          "output_tokens_min", "output_tokens_max", "slo_chat_ms",
                                          "slo_embedding_ms"};
constexpr std::array baselines = {"unified", "separated", "sage_unified", "vllm_only"};

struct Words {
  const char* id;
  std::vector<const char*> words;
};
// How names of configurations and their files call the workloads.
const std::vector<Words>& workload_words() {
  static const std::vector<Words> all = {{"q1", {"q1", "pipelinechain", "e2e_pipeline", "e2e", "end_to_end"}},
                                         {"q2", {"q2", "controlmix", "control_plane", "scheduling"}},
                                         {"q3", {"q3", "noisyneighbor", "isolation"}},
                                         {"q4", {"q4", "scalefrontier", "scalability"}},
                                         {"q5", {"q5", "heteroresilience", "heterogeneity"}},
                                         {"q6", {"q6", "bursttown", "burst_priority"}},
                                         {"q7", {"q7", "reconfigdrill", "reconfiguration"}},
                                         {"q8", {"q8", "recoverysoak", "recovery"}}};
  return all;
}

// The workload whose word comes first in `name`, between characters that are no letters or digits; empty if none does.
std::string workload_in(std::string_view name) {
  auto text = "_" + base::to_lower(name) + "_";
  std::ranges::replace_if(
      text, [](char c) { return c == ' ' || c == '-' || c == '.'; }, '_');
  std::string found;
  auto first = std::string::npos;
  for (const auto& workload : workload_words())
    for (const auto* word : workload.words)
      if (const auto at = text.find(fmt::format("_{}_", word)); at < first) {
        first = at;
        found = workload.id;
      }
  return found;
}

std::string toml_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += fmt::format("\\{}", c);
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + "\"";
}

// A number or a truth where YAML has one, else a text, which the option's own check then judges.
std::string toml_value(const YamlNode& node) {
  const auto& text = node.text;
  const auto* end = text.data() + text.size();
  const auto whole = [&](auto& value) {
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    return error == std::errc() && stop == end;
  };
  const bool octal = text.size() > 1 && text[0] == '0' && text.find_first_not_of("0123456789") == std::string::npos;
  int64_t integer = 0;
  double number = 0;
  if (node.quoted || octal) return toml_text(text);
  if (whole(integer)) return fmt::format("{}", integer);
  if (whole(number) && std::isfinite(number)) return fmt::format("{}", number);
  return text == "true" || text == "false" ? text : toml_text(text);
}

class Mapping {
 public:
  Mapping(const YamlNode& root, const std::string& file, std::vector<std::string>& left_out)
      : file_(file), left_out_(left_out), workload_(workload_of(root)) {
    for (const auto& section : root.items) read_section(section);
  }

  [[nodiscard]] std::string toml() const {
    auto out = fmt::format("schema = 1\ntitle = {}\n",
                           title_.empty() ? toml_text(std::filesystem::path(file_).filename().string()) : title_);
    if (!question_.empty()) out += fmt::format("question = {}\n", question_);
    out += fmt::format("workload = \"{}\"\nbackend = \"sage\"\n\n[options]\n{}", workload_, options_) + sides();
    if (!axes_.empty()) out += "\n[axis]\n" + axes_;
    // as the package's own quick mode
    return out + "\n[quick]\noptions = { total_requests = 100, warmup_items = 10 }\n";
  }

 private:
  void leave_out(const YamlNode& node, const std::string& path, std::string_view why) {
    left_out_.push_back(fmt::format("{}: {}: {}", node.where, base::one_line(path), why));
  }
  [[noreturn]] static void refuse(const YamlNode& node, const std::string& problem) {
    throw base::usage_error(fmt::format("{}: {}", node.where, problem));
  }

  [[nodiscard]] std::string workload_of(const YamlNode& root) const {
    for (const auto& section : root.items)
      for (const auto& item : section.items)
        if (section.key == "experiment" && item.key == "name")
          if (auto id = workload_in(item.text); !id.empty()) return id;
    if (auto id = workload_in(std::filesystem::path(file_).stem().string()); !id.empty()) return id;
    throw base::usage_error(
        fmt::format("{}: neither experiment.name nor the file's name says which workload is meant; "
                    "put q1 to q8 into it, as in q2.yaml",
                    base::one_line(file_)));
  }

  void read_section(const YamlNode& section) {
    if (section.key == "baselines") return read_baselines(section);
    if (section.key == "policies") return read_policies(section);
    if (section.kind == Kind::table) return read_table(section, section.key);
    static const std::vector<std::string> sections = {"experiment", "hardware", "models",    "workload", "metrics",
                                                      "output",     "extra",    "baselines", "policies"};
    leave_out(section, section.key,
              section.kind == Kind::nothing ? "it is empty" : "not known" + base::did_you_mean(section.key, sections));
  }

  void read_table(const YamlNode& table, const std::string& path) {
    for (const auto& item : table.items) read_entry(item, path + "." + item.key);
  }

  void read_entry(const YamlNode& item, const std::string& path) {
    if (path == "experiment.name") return read_title(item, title_);
    if (path == "experiment.description") return read_title(item, question_);
    const auto* rule = rule_of(path);
    const bool is_option = rule != nullptr && !rule->option.empty();
    if (!is_option && item.kind == Kind::table && !item.items.empty()) return read_table(item, path);
    if (rule == nullptr) return leave_out(item, path, "not known" + base::did_you_mean(path, known_paths()));
    if (!is_option) return leave_out(item, path, rule->why);
    if (workload_ == "q6" && std::ranges::find(of_model_requests, rule->option) != of_model_requests.end())
      return leave_out(item, path, "q6 has transactions, and no such option");
    read_option(item, path, *rule);
  }

  static void read_title(const YamlNode& item, std::string& into) {
    if (item.kind == Kind::text) into = toml_text(item.text);
    if (item.kind == Kind::list || item.kind == Kind::table) refuse(item, "it must be a text");
  }

  void read_option(const YamlNode& item, const std::string& path, const Rule& rule) {
    switch (item.kind) {
      case Kind::nothing:
        return leave_out(item, path, "it has no value");
      case Kind::text:
        options_ += fmt::format("{} = {}\n", rule.option, value_of(item));
        return;
      case Kind::list:  // its values one after the other
        axes_ += fmt::format("{} = [{}]\n", rule.option, fmt::join(values_of(item), ", "));
        return;
      case Kind::table:
        refuse(item, fmt::format("{} takes a value, not a table", path));
    }
  }

  static std::string value_of(const YamlNode& node) {
    if (node.text.find("${") != std::string::npos)
      refuse(node, "variables of the environment are not read, or one file would be many experiments; write the value");
    return toml_value(node);
  }

  static std::vector<std::string> values_of(const YamlNode& list) {
    std::vector<std::string> out;
    for (const auto& item : list.items) {
      if (item.kind != Kind::text) refuse(item, "a list holds values");
      out.push_back(value_of(item));
    }
    if (out.empty()) refuse(list, "the list is empty; give at least one value");
    return out;
  }

  static bool truth_of(const YamlNode& node) {
    constexpr std::array yes = {"true", "yes", "on"}, no = {"false", "no", "off"};
    const auto text = base::to_lower(node.text);
    if (std::ranges::find(yes, text) != yes.end()) return true;
    if (std::ranges::find(no, text) == no.end()) refuse(node, "it must be true or false");
    return false;
  }

  // A name, or name and enabled.
  void read_baselines(const YamlNode& section) {
    for (const auto& item : section.items) {
      const auto* name = &item;
      bool enabled = true;
      for (const auto& member : item.items) {
        if (member.key == "name")
          name = &member;
        else if (member.key == "enabled")
          enabled = truth_of(member);
        else
          leave_out(member, "baselines." + member.key, "not known");
      }
      if (name->kind != Kind::text) refuse(item, "a baseline is a name, or name: and enabled:");
      if (!enabled) {
        leave_out(*name, "baselines." + name->text, "it is not enabled");
      } else if (workload_ != "q2") {
        leave_out(*name, "baselines." + name->text, "only q2 has baselines");
      } else {
        if (std::ranges::find(baselines, name->text) == baselines.end())
          refuse(*name, fmt::format("q2 has no baseline {}; there are {}", base::in_quotes(name->text),
                                    fmt::join(baselines, ", ")));
        baselines_.push_back(name->text);
      }
    }
    if (section.items.empty()) leave_out(section, section.key, "it is empty");
  }

  void read_policies(const YamlNode& section) {
    if (section.items.empty()) return leave_out(section, section.key, "it is empty");
    for (const auto& item : section.items) {
      const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
      if (item.kind != Kind::text || item.text.empty() || !std::ranges::all_of(item.text, plain))
        refuse(item, "a policy is the name of a scheduler, as fifo or slo_aware");
      policies_.push_back(item.text);
    }
  }

  // Every baseline with every policy.
  [[nodiscard]] std::string sides() const {
    std::string out;
    for (const auto& baseline : baselines_.empty() ? std::vector<std::string>{""} : baselines_)
      for (const auto& policy : policies_.empty() ? std::vector<std::string>{""} : policies_) {
        std::vector<std::string> options;
        if (!baseline.empty()) options.push_back(fmt::format("\"q2.baseline\" = \"{}\"", baseline));
        if (!policy.empty()) options.push_back(fmt::format("scheduler = \"{}\"", policy));
        auto name = baseline + (baseline.empty() || policy.empty() ? "" : "-") + policy;
        out += fmt::format("\n[[side]]\nname = \"{}\"\noptions = {{ {} }}\n", name.empty() ? "as-configured" : name,
                           fmt::join(options, ", "));
      }
    return out;
  }

  static const Rule* rule_of(const std::string& path) {
    for (const auto& rule : rules) {
      const bool below = rule.path.ends_with(".*");
      if (below ? path.starts_with(rule.path.substr(0, rule.path.size() - 1)) : path == rule.path) return &rule;
    }
    return nullptr;
  }

  static std::vector<std::string> known_paths() {
    std::vector<std::string> out = {"experiment.name", "experiment.description"};
    for (const auto& rule : rules) out.emplace_back(rule.path);
    return out;
  }

  const std::string& file_;
  std::vector<std::string>& left_out_;
  std::string workload_;
  std::string title_, question_;  // quoted
  std::string options_, axes_;    // lines
  std::vector<std::string> baselines_, policies_;
};

}  // namespace

std::string toml_of_yaml(std::string_view text, const std::string& file, std::vector<std::string>& left_out) {
  const auto root = catalog::parse_yaml(text, file);
  return Mapping(root, file, left_out).toml();
}

}  // namespace host::experiment
