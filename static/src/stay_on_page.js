import "@web/webclient/reload_company_service";
import { registry } from "@web/core/registry";
import { rpcBus } from "@web/core/network/rpc";

const services = registry.category("services");
const reloadCompany = services.get("reloadCompany");

/**
 * Saving a company reloads the page, as its name may have changed. On the Maventa
 * screen that would swallow the answer to the button that saved.
 */
services.add(
    "reloadCompany",
    {
        ...reloadCompany,
        start(env, dependencies) {
            let isOurs = false;
            // This listener is asked before the one of the service itself.
            rpcBus.addEventListener("RPC:RESPONSE", ({ detail }) => {
                const context = detail.data.params.kwargs?.context;
                isOurs = Boolean(context?.maventa_screen);
            });
            const action = {
                doAction: (...args) => isOurs || dependencies.action.doAction(...args),
            };
            return reloadCompany.start(env, { ...dependencies, action });
        },
    },
    { force: true }
);
