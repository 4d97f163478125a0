import { registry } from "@web/core/registry";
import { user } from "@web/core/user";

/** Switch a company on, which the context of an action can't, and open the action. */
registry.category("actions").add("maventa_in_company", (env, { params }) => {
    const active = user.activeCompanies.map((company) => company.id);
    user.activateCompanies([...active, params.company], { reload: false });
    return params.action;
});
