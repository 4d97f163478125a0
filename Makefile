# The developer's commands; `make help` tells what each one does.
PYTHON ?= python3
DEV = $(PYTHON) -m dev
PORT ?= 8970
VENV_PYTHON = .local/venv/bin/python

export ARGS

.PHONY: help setup demo chaos day test lint format pot sandbox screenshots run shell clean

help: ## show this list
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z]*\):.*## /  \1|/p' Makefile | while IFS='|' read -r name text; \
		do printf '%-13s %s\n' "$$name" "$$text"; done
	@echo "Settings: HTTP_PORT=8069 (Odoo), ODOO_HOME=FOLDER (an own Odoo 19.0),"
	@echo "PGHOST, PGUSER, ... (an own PostgreSQL 13 or newer), PYTHON=python3.12,"
	@echo "XDG_CACHE_HOME=FOLDER (downloads). Needed: Debian, Python 3.10 to 3.13, pip."

setup: ## install Odoo, PostgreSQL and the databases; later runs do what is missing
	@$(DEV) setup

demo: setup ## transfer invoices to the sandbox on a real Odoo (CHECK=1: check it and end)
	@$(VENV_PYTHON) -m dev.demo

chaos: setup ## kill Odoo at random while the sandbox fails (SEED=1: repeat, CHAOS=short|long|slow)
	@$(VENV_PYTHON) -m dev.chaos

day: setup ## play a day with failures, forged calls and an outage (SEED=1, DAY=short)
	@$(VENV_PYTHON) -m dev.day

test: ## run all tests (ARGS="-k name": some of them)
	@$(DEV) test

lint: ## check style, types, translations and Odoo's conventions
	@$(DEV) lint

format: ## mend what the formatters can mend
	@$(DEV) format

pot: setup ## write the translatable texts to i18n and merge them into the languages
	@$(VENV_PYTHON) -m dev pot

sandbox: setup ## run the fake Maventa alone (PORT=8970)
	@$(VENV_PYTHON) -m sandbox --port $(PORT)

screenshots: setup ## make the pictures of the documentation
	@$(VENV_PYTHON) -m dev.screenshots

run: ## serve Odoo with the addon, in the database maventa_run
	@$(DEV) run

shell: ## open Odoo's shell in the database maventa_run
	@$(DEV) shell

clean: ## stop the database server and remove this checkout's data
	@$(DEV) clean
