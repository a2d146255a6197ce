use super::*;
use crate::recipe::PLAIN;

struct Small;

impl Host for Small {
    fn text(&self, name: &str) -> Option<String> {
        (name == "more.mk").then(|| "more:\n\techo more\n".to_owned())
    }
    fn output(&self, command: &str) -> Vec<String> {
        match command {
            "uname -s" => vec![PLAIN.to_owned()],
            "cat VERSION" => vec!["1.2\n".trim().to_owned()],
            _ => vec![UNDETERMINED.to_owned()],
        }
    }
    fn variable(&self, name: &str) -> Option<Vec<String>> {
        (name == "HOME").then(|| vec!["/home/alice".to_owned()])
    }
}

fn commands(text: &str, goals: &[&str]) -> Vec<String> {
    steps(text, &[], goals).into_iter().map(|step| step.text).collect()
}

fn steps(text: &str, given: &[(&str, &str)], goals: &[&str]) -> Vec<Step> {
    let mut makefile = Makefile::new(&Small, "Makefile");
    given.iter().for_each(|(name, value)| makefile.give(name, value));
    makefile.read(text);
    makefile.steps(&goals.iter().map(|goal| (*goal).to_owned()).collect::<Vec<_>>())
}

#[test]
fn a_target_runs_what_it_depends_on_and_its_own_lines() {
    let text = "OUT := build\n.PHONY: clean\nall: a b\n\t@echo all\na:\n\tcc -o $(OUT)/$@ $<\nb: ; touch b\nclean:\n\t-rm -rf $(OUT) \\\n\t  dist\n";
    assert_eq!(commands(text, &[]), ["cc -o build/a ", "touch b", "echo all"]);
    assert_eq!(commands(text, &["clean"]), ["rm -rf build \\\n  dist"]);
    assert_eq!(steps(text, &[], &["clean"]).first().unwrap().line, 9);
    assert!(commands(text, &["nothing"]).is_empty());
}

#[test]
fn each_branch_of_a_condition_that_nobody_knows_counts() {
    let text = "ifdef CI\nD = build\nelse\nD = /home/alice\nendif\nx:\n\trm -rf $(D)\n";
    assert_eq!(commands(text, &["x"]), ["rm -rf build", "rm -rf /home/alice"]);
    let text =
        "S := linux\nifeq ($(S),linux)\nD = build\nelse ifeq ($(S),mac)\nD = b\nelse\nD = /home/alice\nendif\nx: ; rm -rf $(D)\n";
    assert_eq!(commands(text, &["x"]), ["rm -rf build"]);
    let text = "ifeq ($(shell uname -s),Darwin)\nD = a\nelse\nD = b\nendif\nx: ; rm $(D)\n";
    assert_eq!(commands(text, &["x"]), ["uname -s", "rm a", "rm b"]);
}

#[test]
fn the_command_line_gives_variables() {
    let makefile = "D ?= build\nE := $(D)/x\nx:\n\trm -rf $(D) $(E)\n";
    let texts: Vec<String> = steps(makefile, &[("D", "~")], &["x"]).into_iter().map(|step| step.text).collect();
    assert_eq!(texts, ["rm -rf ~ ~/x"]);
}

#[test]
fn functions_and_calls_are_followed() {
    let text = "SRCS := a.c lib/b.c\nOBJS := $(SRCS:.c=.o)\nDEPS = $(patsubst %.c,out/%.d,$(SRCS))\ndefine wipe\nrm -rf $(1)\necho $(2)\nendef\nx:\n\t$(call wipe,$(OBJS),done)\n\techo $(DEPS) $(notdir $(SRCS)) $(foreach d,a b,$(d)!)\n\techo $(if $(X),yes,no) $(word 2,$(SRCS)) $(filter %.c,x.c y.h)\n";
    assert_eq!(
        commands(text, &["x"]),
        [
            "rm -rf a.o lib/b.o",
            "echo done",
            "echo out/a.d out/lib/b.d a.c b.c a! b!",
            "echo yes lib/b.c x.c",
            "echo no lib/b.c x.c"
        ]
    );
}

#[test]
fn text_that_makes_rules_is_read() {
    let text = "define T\n$(1): ; rm -rf out/$(1)\nendef\n$(foreach p,a b,$(eval $(call T,$(p))))\nx: a b\n";
    assert_eq!(commands(text, &["x"]), ["rm -rf out/a", "rm -rf out/b"]);
}

#[test]
fn pattern_rules_and_variables_of_targets_are_followed() {
    let text = "all: a.o b.o\na.o: F = -g\n%.o: %.c\n\tcc $(F) -c $< -o $@\nlib/%.a: ; rm $*\nclean-%: ; rm -rf $*\n";
    assert_eq!(commands(text, &[]), ["cc -g -c a.c -o a.o".to_owned(), format!("cc {UNSET} -c b.c -o b.o")]);
    assert_eq!(commands(text, &["clean-src"]), ["rm -rf src"]);
    let many = "all: 1.o 2.o 3.o 4.o 5.o\n%.o: ; cc $@\n";
    assert_eq!(commands(many, &[]), ["cc 1.o", "cc 2.o", "cc 3.o", "cc 4.o 5.o"]);
    let fixed = "O = a.o b.o\n$(O): %.o: %.c ; cc $<\n";
    assert_eq!(commands(fixed, &["b.o"]), ["cc b.c"]);
}

#[test]
fn the_last_recipe_of_a_target_counts() {
    assert_eq!(commands("x: ; echo a\nx: ; echo b\nx: y\n", &["x"]), ["echo b"]);
    assert_eq!(commands("x:: ; echo a\nx:: ; echo b\n", &["x"]), ["echo a", "echo b"]);
}

#[test]
fn another_shell_and_one_text_are_told() {
    let all = steps(".ONESHELL:\nSHELL := /usr/bin/python3\nx:\n\timport os\n\tprint(1)\n", &[], &["x"]);
    assert_eq!(all.len(), 1);
    let only = all.first().unwrap();
    assert_eq!((only.text.as_str(), only.through.join(" ")), ("import os\nprint(1)", "/usr/bin/python3 -c".to_owned()));
}

#[test]
fn includes_are_followed_and_comments_are_not() {
    assert_eq!(commands("include more.mk other.mk\nx: more # y\n", &["x"]), ["echo more"]);
    assert_eq!(
        commands("V := $(shell cat VERSION)\nx:\n\techo '$(V)' '$(shell z)' # a\n", &["x"]),
        ["cat VERSION".to_owned(), "z".to_owned(), format!("echo '1.2' ''\"{UNDETERMINED}\"'' # a"),]
    );
}

#[test]
fn text_that_repeats_itself_comes_to_an_end() {
    assert!(commands("A = $(A)$(A)\nx: ; rm $(A)\n", &["x"]).iter().all(|text| text.contains(UNDETERMINED)));
    commands("define T\n$(eval $(call T))\nendef\n$(call T)\nx: x\n", &["x"]);
}
