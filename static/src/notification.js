import { registry } from "@web/core/registry";

/**
 * Odoo's notification with buttons, which its own client action does not have. A button
 * calls a method, and does the action that it returns.
 */
export function notify(env, { message, type, sticky, seconds, buttons = [], next }) {
    const { action, notification, orm } = env.services;
    const close = notification.add(message, {
        type,
        sticky,
        autocloseDelay: seconds && seconds * 1000,
        buttons: buttons.map(({ name, model, method, ids, primary }) => ({
            name,
            primary,
            onClick: async () => {
                close();
                const answer = await orm.call(model, method, [ids]);
                return answer && action.doAction(answer);
            },
        })),
    });
    return next;
}

registry
    .category("actions")
    .add("maventa_notification", (env, { params }) => notify(env, params));
